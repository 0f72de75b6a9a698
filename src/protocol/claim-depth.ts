/** No provider needs more; code that walks claims (JSON, freezing, the app's own) runs out of stack some thousands deep. */
const MOST_LEVELS = 100;

/** Whether claims hold objects or lists that are nested without end. */
export function isTooDeep(value: unknown, levels: number = MOST_LEVELS): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((entry) => isTooDeep(entry, levels - 1));
}
