const told = new Set<string>();

/**
 * Tells the operator, once per process and code, through `process.emitWarning`. `subject` sets apart warnings that
 * share a code but speak of different things, such as two schemes.
 */
export function warnOnce(code: string, message: string, subject = ""): void {
  const key = `${code} ${subject}`;
  if (told.has(key)) return;
  told.add(key);
  process.emitWarning(message, { type: "OpenIdConnectWarning", code });
}
