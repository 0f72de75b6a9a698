import { describe, expect, it } from "vitest";
import { Browser, formOf } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";

const fixture = useTestIdp();

describe('redirectBehavior "form_post"', () => {
  it("sends the challenge by a form that submits itself, with the same fields, under a policy that allows it alone", async () => {
    const rp = await fixture.start({ options: { redirectBehavior: "form_post" } });
    const page = await new Browser().request(`${rp.url}/login`);
    expect(page.status).toBe(200);
    const { action, fields } = formOf(page);
    expect(action).toBe(`${fixture.idp.issuer}/connect/authorize`);
    expect(fields).toMatchObject({
      client_id: "pkce_client",
      response_type: "code",
      code_challenge_method: "S256",
      redirect_uri: `${rp.url}/signin-oidc`,
    });
    expect(page.headers.get("content-security-policy")).toMatch(/script-src 'sha256-[\w+/=]+'/);
    expect(page.headers.get("cache-control")).toBe("private, no-store");
    expect(page.body).toContain("<button>");
  });

  it("sends the sign-out by a form too, with the default post-logout redirect URI", async () => {
    const rp = await fixture.start({ options: { redirectBehavior: "form_post" } });
    const { action, fields } = formOf(await new Browser().request(`${rp.url}/logout`));
    expect(action).toBe(`${fixture.idp.issuer}/connect/endsession`);
    expect(fields).toMatchObject({
      client_id: "pkce_client",
      post_logout_redirect_uri: `${rp.url}/signout-callback-oidc`,
    });
  });
});

describe("a challenge of its own", () => {
  it("has parameters of its own, which win over the options", async () => {
    const rp = await fixture.start({
      options: {
        prompt: "consent",
        maxAge: 60,
        additionalAuthorizationParameters: { audience: "https://api.example/?a=b c" },
      },
      routes: (app) => {
        app.get("/own", (req, _res, next) => {
          void req.oidc.challenge(
            {
              prompt: "login",
              maxAge: 5,
              scope: ["openid", "email"],
              loginHint: "bob",
              acrValues: "mfa",
              additionalParameters: { extra: "1" },
            },
            next,
          );
        });
      },
    });
    const parametersOf = async (path: string) => {
      const page = await new Browser().request(rp.url + path);
      return Object.fromEntries(new URL(page.headers.get("location") ?? "").searchParams);
    };
    expect(await parametersOf("/login")).toMatchObject({
      prompt: "consent",
      max_age: "60",
      scope: "openid profile",
      audience: "https://api.example/?a=b c",
    });
    expect(await parametersOf("/own")).toMatchObject({
      prompt: "login",
      max_age: "5",
      scope: "openid email",
      login_hint: "bob",
      acr_values: "mfa",
      extra: "1",
    });
    // What one challenge asked for is not there at the next.
    expect(await parametersOf("/login")).not.toHaveProperty("login_hint");
  });

  it("sends no max_age and no prompt by default", async () => {
    const rp = await fixture.start();
    const page = await new Browser().request(`${rp.url}/login`);
    const { searchParams } = new URL(page.headers.get("location") ?? "");
    expect([searchParams.has("max_age"), searchParams.has("prompt")]).toEqual([false, false]);
  });
});
