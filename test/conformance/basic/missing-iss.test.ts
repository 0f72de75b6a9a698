import { refuses } from "../module.js";

refuses("own: missing-iss", { claims: ({ iss: _iss, ...claims }) => claims }, ["ERR_OIDC_ID_TOKEN_INVALID", '"iss"']);
