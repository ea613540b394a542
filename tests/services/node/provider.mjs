// An OpenID provider on loopback: `node provider.mjs PORT`, in the folder that has node_modules.
//
// Each line of its input is a set of private JWKs; it answers "ready" when it signs with them. The
// first key of an algorithm signs, and all are published. It ends with its input.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

// A module is looked for beside this file, where nothing is installed.
const { resolve } = createRequire(`${process.cwd()}/`);
const { Provider } = await import(pathToFileURL(resolve('oidc-provider')));

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const api = (algorithm) => `https://api.example/${algorithm}`;
const scopes = ['notes:read', 'notes:write'];

const machine = {
  client_id: 'machine',
  client_secret: 'the secret of a machine in tests',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
};

// An API asks what its opaque tokens are.
const opaque = {
  client_id: api('opaque'),
  client_secret: 'the secret of an API in tests',
  grant_types: [],
  redirect_uris: [],
  response_types: [],
};

// A native application may listen on any port of loopback.
const shop = (id, algorithm) => ({
  client_id: id,
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1/callback'],
  id_token_signed_response_alg: algorithm,
  userinfo_signed_response_alg: algorithm,
});

// A web application: it knows a secret, and its host is another site than the provider's.
const site = {
  client_id: 'site',
  client_secret: 'the secret of a site in tests',
  application_type: 'native',
  redirect_uris: ['http://localhost/callback'],
};

// The second client of an algorithm is called as the API: its ID tokens have the API's audience.
const clientsOf = (algorithm) => [shop(`shop-${algorithm}`, algorithm), shop(api(algorithm), algorithm)];

// Another API than those of the algorithms, such as a server of a test, has tokens by ES256.
const algorithmOf = (resource) => (resource.startsWith(api('')) ? resource.slice(api('').length) : 'ES256');

// A key without an algorithm signs by each that fits it, and nobody logs in for those.
const algorithmsOf = (keys) => new Set(keys.map((key) => key.alg).filter(Boolean));

const accessTokens = (resource) => ({
  scope: scopes.join(' '),
  accessTokenFormat: resource === api('opaque') ? 'opaque' : 'jwt',
  accessTokenTTL: 600,
  jwt: { sign: { alg: algorithmOf(resource) } },
});

const make = (keys) => new Provider(issuer, {
  jwks: { keys },
  clients: [machine, opaque, site, ...[...algorithmsOf(keys)].flatMap(clientsOf)],
  cookies: { keys: ['signs the cookies of tests'] },
  scopes: ['openid', 'offline_access', ...scopes],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtIntrospection: { enabled: true },
    jwtUserinfo: { enabled: true },
    resourceIndicators: { getResourceServerInfo: (_, resource) => accessTokens(resource) },
    revocation: { enabled: true, allowedPolicy: () => true },
  },
});

let answer;
// What it has to say is no answer.
console.info = console.warn;

const server = createServer((request, response) => answer(request, response));
for await (const line of createInterface({ input: process.stdin })) {
  answer = make(JSON.parse(line)).callback();
  if (!server.listening) await new Promise((done) => server.listen(port, '127.0.0.1', done));
  console.log('ready');
}
process.exit();
