/** The provider's own pages: plain, readable on a phone, without script. */
export const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;--accent:#0f766e;--line:#8884}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem}
main{width:100%;max-width:24rem;border:1px solid var(--line);border-radius:1rem;padding:2rem}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}
p{margin:0 0 1rem;overflow-wrap:anywhere}
label{display:block;font-weight:600;margin:0 0 .75rem}
input{display:block;width:100%;font:inherit;padding:.6rem .75rem;margin-top:.25rem;border:1px solid #888;border-radius:.5rem}
.actions{display:flex;gap:.75rem;margin-top:1.25rem}
button{flex:1;font:inherit;font-weight:600;padding:.65rem 1rem;border-radius:.5rem;border:1px solid var(--accent);background:var(--accent);color:#fff;cursor:pointer}
button.quiet{background:none;color:inherit;border-color:var(--line)}
/* 3:1 and more on either ground */
:focus-visible{outline:3px solid #0d9488;outline-offset:2px}
[role=alert]{padding:.6rem .75rem;border-radius:.5rem;background:#dc262622;border:1px solid #dc262688}
ul{margin:0 0 1rem;padding-left:1.25rem}
small{opacity:.75}
`;

export function page(title: string, body: string, head = ""): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeText(title)}</title><link rel="stylesheet" href="/idp.css">${head}</head><body><main><h1>${escapeText(title)}</h1>${body}</main></body></html>`;
}

/** "Log in" stands first: the Enter key presses a form's first button. */
export function loginPage(uid: string, client: string, username: string, error: string | undefined): string {
  const alert = error === undefined ? "" : `<p role="alert">${escapeText(error)}</p>`;
  return page(
    "Log in",
    `<p>to continue to <strong>${escapeText(client)}</strong></p>${alert}
<form method="post" action="/interaction/${escapeText(uid)}/login">
<label>User name<input name="username" value="${escapeText(username)}" autocomplete="username" autocapitalize="none" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password"></label>
<div class="actions"><button name="action" value="login">Log in</button><button class="quiet" name="action" value="cancel" formnovalidate>Cancel</button></div>
</form>`,
  );
}

export function consentPage(uid: string, client: string, scopes: readonly string[]): string {
  return page(
    "Allow access?",
    `<p><strong>${escapeText(client)}</strong> asks for:</p><ul>${scopes.map((scope) => `<li>${escapeText(scope)}</li>`).join("")}</ul>
<form method="post" action="/interaction/${escapeText(uid)}/consent">
<div class="actions"><button name="action" value="allow">Allow</button><button class="quiet" name="action" value="deny">Deny</button></div>
</form>`,
  );
}

export function errorPage(error: string, description: string | undefined): string {
  return page(
    "That did not work",
    `<p role="alert">${escapeText(description ?? error)}</p><p><small>${escapeText(error)}</small></p>`,
  );
}

/**
 * Asks, because any site can send a browser here; who comes with the own ID token is not asked: the form submits itself
 * (its hash is in the policy), with the button for browsers without script. `form` is oidc-provider's.
 */
export function logoutPage(form: string, isCertain: boolean): string {
  const button = '<input type="hidden" name="logout" value="yes"><div class="actions"><button>Log out</button></div>';
  const asked = form.replace("</form>", `${button}</form>`);
  if (isCertain) return page("Log out", `${asked}<script>${AUTO_SUBMIT}</script>`);
  return page("Log out", `<p>Do you want to log out at this provider?</p>${asked}`);
}

export const AUTO_SUBMIT = 'document.getElementById("op.logoutForm").submit()';

export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
