import { describe } from "./checks.js";
import type { Problems } from "./problems.js";

const PLACEHOLDER =
  /keyboard.?cat|change.?(me|this)|your.{0,12}secret|replace.?(me|this|with)|placeholder|insert.{0,8}secret|long.{0,2}random(?:ly.generated)?.?(?:string|value)|complex.?password.?at.?least|openssl.?rand|^<.*>$/i;

/** Whether a secret is one of a sample, or what stands where one is to be filled in. */
export function isPlaceholder(secret: string): boolean {
  return PLACEHOLDER.test(secret) || secret === "undefined" || secret === "null";
}

/** Secrets that seal cookies: long enough, and not copied from a sample. Never puts one into a message. */
export function secrets(problems: Problems, path: string, given: unknown): readonly string[] {
  const list = typeof given === "string" ? [given] : given;
  if (!Array.isArray(list) || list.length === 0) {
    problems.add(
      path,
      "is missing. Give at least 32 random characters, for example of `openssl rand -base64 48`, from the environment (fromEnvironment() reads SESSION_SECRET).",
    );
    return [];
  }
  for (const [position, secret] of list.entries()) {
    const at = list.length === 1 ? path : `${path}[${position}]`;
    if (typeof secret !== "string") problems.add(at, `must be a text, is ${describe(secret)}.`);
    else if (secret !== secret.trim()) {
      problems.add(
        at,
        "begins or ends with a blank or a line break, as a file read with its last line end does; trim it.",
      );
    } else if (secret.length < 32) {
      problems.add(at, `must have at least 32 characters, has ${secret.length}. Try \`openssl rand -base64 48\`.`);
    } else if (isPlaceholder(secret)) {
      problems.add(at, "is a placeholder that others know; make one with `openssl rand -base64 48`.");
    }
  }
  return list.filter((secret) => typeof secret === "string");
}
