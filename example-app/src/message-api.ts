import express, { type ErrorRequestHandler, type Express } from "express";
import { auth, UnauthorizedError } from "express-oauth2-jwt-bearer";

export interface Message {
  readonly from: string;
  readonly text: string;
}

export interface MessageList {
  /** Whose token asked: `sub` of the access token. */
  readonly subject: string;
  readonly messages: readonly Message[];
}

/** A protected API: it knows no session and no cookie, only access tokens of this issuer for this audience. */
export function createMessageApi(options: { readonly issuer: string; readonly audience: string }): Express {
  const api = express();
  api.disable("x-powered-by");
  api.use(auth({ issuerBaseURL: options.issuer, audience: options.audience }));
  api.get("/messages", (req, res) => {
    const answer: MessageList = {
      subject: String(req.auth?.payload.sub),
      messages: [
        { from: "The message API", text: "Your access token was issued for me, and its signature is good." },
        { from: "The post room", text: "A parcel is waiting for you on the second floor." },
        { from: "The canteen", text: "Soup of the day: lentils with lemon." },
      ],
    };
    res.set("Cache-Control", "no-store").json(answer);
  });
  api.use(answerError);
  return api;
}

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof UnauthorizedError) || res.headersSent) {
    next(error);
    return;
  }
  res.status(error.status).set(error.headers).json({ title: error.message, status: error.status });
};
