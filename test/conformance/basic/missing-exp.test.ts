import { refuses } from "../module.js";

refuses("own: missing-exp", { claims: ({ exp: _exp, ...claims }) => claims }, ["ERR_OIDC_ID_TOKEN_INVALID", '"exp"']);
