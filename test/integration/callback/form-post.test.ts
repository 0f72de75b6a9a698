import express from "express";
import { describe, expect, it } from "vitest";
import { Browser, formOf } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
};

describe("form_post", () => {
  it.each<[string, RelyingPartySettings["before"]]>([
    ["no body parser", undefined],
    ["express.urlencoded()", (app) => void app.use(express.urlencoded({ extended: false }))],
    ["express.urlencoded({ extended: true })", (app) => void app.use(express.urlencoded({ extended: true }))],
    ["express.json()", (app) => void app.use(express.json())],
    ["express.text() for every type", (app) => void app.use(express.text({ type: "*/*" }))],
    ["express.raw() for every type", (app) => void app.use(express.raw({ type: "*/*" }))],
    [
      "something that has paused the request",
      (app) =>
        void app.use((req, _res, next) => {
          req.pause();
          next();
        }),
    ],
  ])("signs in behind %s", async (_name, before) => {
    const rp = await fixture.start({
      options: { responseMode: "form_post" },
      routes,
      ...(before === undefined ? {} : { before }),
    });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(page.body).toBe("alice");
  });

  it("answers the provider's post with 303, and needs the correlation cookie from there", async () => {
    const rp = await fixture.start({ options: { responseMode: "form_post" }, routes });
    const browser = new Browser();
    const start = await browser.open(`${rp.url}/login?returnUrl=/who`);
    const filled = await browser.submit(start, { username: "alice", password: "Abcd@1234", action: "login" });
    const { action, fields } = formOf(filled);
    const init = {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" },
      body: new URLSearchParams(fields),
    };
    const stranger = await new Browser().request(action, init);
    expect(stranger.status).toBe(400);
    const page = await browser.request(action, init);
    expect([page.status, page.headers.get("location")]).toEqual([303, "/who"]);
  });

  it("is a configuration error on plain http outside of loopback", async () => {
    const rp = await fixture.start({ options: { responseMode: "form_post" }, routes });
    const page = await new Browser().request(`${rp.url}/login`, { headers: { host: "app.example" } });
    expect(page.status).toBe(500);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_INSECURE_FORM_POST" });
  });
});
