// Writes docs/options.md from the doc comments of the option types: `node docs/generate-options.mjs`.
// A test compares, so that the page and the types cannot drift apart.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);

/** Interfaces in the order of the page: file, interface, heading, text before the table. */
const SECTIONS = [
  [
    "src/options/open-id-connect-options.ts",
    "OpenIdConnectOptions",
    "Options of `addOpenIdConnect`",
    "Durations are seconds. `session` stands beside these, below.",
  ],
  ["src/options/open-id-connect-options.ts", "TokenValidationOptions", "`tokenValidation`", ""],
  ["src/options/open-id-connect-options.ts", "TransactionOptions", "`transaction`", ""],
  ["src/options/refresh-options.ts", "RefreshOptions", "`refresh`", ""],
  ["src/options/session-options.ts", "SessionOptions", "`session`", ""],
  ["src/options/session-events.ts", "SessionEvents", "`session.events`", ""],
  ["src/options/session-options.ts", "CookieOptions", "`session.cookie` and `transaction.cookie`", ""],
  [
    "src/options/events.ts",
    "OpenIdConnectEvents",
    "`events`",
    "Each handler is given one context object; it may be async.",
  ],
  [
    "src/options/request-options.ts",
    "ChallengeOptions",
    "`req.oidc.challenge(options, next)`",
    "What is left out comes from the options above.",
  ],
  ["src/options/request-options.ts", "SignInOptions", "`req.oidc.signIn(user, options)`", ""],
  ["src/options/refresh-options.ts", "AccessTokenOptions", "`req.oidc.getAccessToken(options)`", ""],
  ["src/options/refresh-options.ts", "ClientTokenOptions", "`req.oidc.getClientToken(options)`", ""],
  ["src/options/request-options.ts", "SignOutOptions", "`req.oidc.signOut(options, next)`", ""],
];

export function optionsPage() {
  const parts = ["# Options", "", "<!-- Made by docs/generate-options.mjs from the types. -->", ""];
  for (const [file, name, heading, text] of SECTIONS) {
    parts.push(`## ${heading}`, "");
    if (text !== "") parts.push(text, "");
    parts.push("| option | type | default | what |", "| --- | --- | --- | --- |");
    for (const member of members(readFileSync(new URL(file, root), "utf8"), name)) {
      parts.push(`| \`${member.name}\` | ${code(member.type)} | ${member.fallback} | ${cell(member.text)} |`);
    }
    parts.push("");
  }
  return `${parts.join("\n").trimEnd()}\n`;
}

/** The members of an interface, as these files write them: an optional doc comment, then one declaration. */
function members(source, name) {
  const start = source.search(new RegExp(`export interface ${name}\\b[^{]*\\{`));
  if (start === -1) throw new Error(`There is no interface ${name}.`);
  const body = source.slice(source.indexOf("{", start) + 1, source.indexOf("\n}", start));
  const found = [];
  const member = /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?^ {2}(?:readonly )?(\w+)\??(?::\s+([^;]+)|\(([^;]*));/gm;
  for (const [, comment = "", key, type, call] of body.matchAll(member)) {
    const text = comment
      .replace(/^\s*\*\s?/gm, "")
      .trim()
      .replace(/\s+/g, " ");
    if (text === "") throw new Error(`${name}.${key} has no doc comment.`);
    const [, before = text, fallback] = /^(.*?)\s*@defaultValue (.*)$/.exec(text) ?? [];
    found.push({
      name: key,
      type: (type ?? `(${call}`).replace(/\s+/g, " ").replace(/^\| | \| undefined$/g, ""),
      text: before,
      fallback:
        fallback === undefined
          ? "none"
          : /^[a-z]* ?[A-Za-z]/.test(fallback) && !/^(true|false)\b/.test(fallback)
            ? cell(fallback)
            : code(fallback),
    });
  }
  return found;
}

function code(text) {
  const [, value = text, note = ""] = /^(.*?)( \(.*\))?$/.exec(text) ?? [];
  return `\`${value.replaceAll("|", "\\|")}\`${note}`;
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("docs/options.md", root), optionsPage());
}
