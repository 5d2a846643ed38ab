/** An OpenID provider for tests. Its one argument is JSON: `port`, `clients` and `claimsInIdToken`. */

import { generateKeyPairSync } from "node:crypto";
import { Provider } from "oidc-provider";

const { port, clients, claimsInIdToken } = JSON.parse(process.argv[2]);
const shared = { redirect_uris: ["http://localhost:8080/login/test"], application_type: "native" };
const newKey = (type, options) => generateKeyPairSync(type, options).privateKey.export({ format: "jwk" });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: clients.map((client) => ({ ...shared, ...client })),
  jwks: { keys: [newKey("rsa", { modulusLength: 2048 }), newKey("ec", { namedCurve: "P-256" }), newKey("ed25519")] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: !claimsInIdToken,
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "Ed25519"] },
  findAccount: (context, login) => ({
    accountId: login,
    claims: () => ({ sub: login, email: `${login}@example.org`, email_verified: true, name: `Name of ${login}` }),
  }),
});
provider.listen(port, "127.0.0.1");
