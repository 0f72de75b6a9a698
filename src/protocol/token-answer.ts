/**
 * An answer of the token endpoint without members that say nothing: some providers write out what they do not have, as
 * null, or a refresh token as an empty text. RFC 6749 5.1 knows such members as left out.
 */
export async function withoutEmptyMembers(response: Response): Promise<Response> {
  if (response.status !== 200) return response;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return response;
  const members = Object.entries(body);
  const filled = members.filter(([name, value]) => value !== null && !(name === "refresh_token" && value === ""));
  if (filled.length === members.length) return response;
  return new Response(JSON.stringify(Object.fromEntries(filled)), { status: 200, headers: response.headers });
}
