/** A setting without which the process cannot do its work. */
export function required(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw new Error(`${name} is not set.`);
}
