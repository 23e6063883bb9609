// oidc-provider on Okta's paths: one Provider for the org authorization server and one for each
// custom server, behind a single listener on a free loopback port.
//
// Configuration arrives as one line of JSON on standard input, because arguments and environment
// are readable by other processes and it holds client secrets. Standard output carries one READY
// line and nothing else. The process ends when standard input closes, so it cannot outlive its
// parent, however that one dies.

import { Console } from 'node:console';
import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import Provider, { errors } from 'oidc-provider';

// The library's notices go to console.info, which would otherwise land on standard output.
globalThis.console = new Console(process.stderr, process.stderr);

const { AccessDenied } = errors;
const HOST = '127.0.0.1';
const generateKeys = promisify(generateKeyPair);

const answer = (word, data) => process.stdout.write(`${word} ${JSON.stringify(data)}\n`);

async function signingKeys() {
  const { privateKey } = await generateKeys('rsa', { modulusLength: 2048 });
  const jwk = privateKey.export({ format: 'jwk' });
  return { keys: [{ ...jwk, kid: randomUUID(), use: 'sig', alg: 'RS256' }] };
}

// Whatever name was typed at the login page is the account: the suite needs subjects, not users.
function findAccount(_ctx, accountId) {
  return {
    accountId,
    claims: async () => ({
      sub: accountId,
      name: accountId,
      preferred_username: accountId,
      email: accountId.includes('@') ? accountId : `${accountId}@example.com`,
      email_verified: true,
    }),
  };
}

// What Okta takes (its guide "Build a JWT for client authentication"), and nothing else.
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const SYMMETRIC = ['HS256', 'HS384', 'HS512'];

const epoch = () => Math.floor(Date.now() / 1000);
const issuedTo = (token, client) => token.clientId === client.clientId;

// The user's telephone: whoever is hinted at by a name that says so approves or refuses.
async function askUser(provider, request) {
  const [word] = request.accountId.split('@');
  if (word === 'refuses') {
    await provider.backchannelResult(request, new AccessDenied('the user refused'));
  } else if (word === 'approves') {
    const { accountId, clientId, scope } = request;
    const grant = new provider.Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    await provider.backchannelResult(request, await grant.save(), { authTime: epoch() });
  }
}

function createProvider(base, { id, prefix, scopes, jwks }, { clients, lifetimes }) {
  const root = id === null ? '/oauth2/v1' : '/v1';
  const cookie = id ?? 'org';
  const provider = new Provider(`${base}${prefix}`, {
    clients,
    jwks,
    scopes,
    findAccount,
    // Okta wants the redirect URI repeated at the token endpoint however many are registered.
    allowOmittingSingleRegisteredRedirectUri: false,
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    clientBasedCORS: () => false,
    cookies: {
      keys: [randomBytes(24).toString('base64url')],
      // All providers share one host, and the session cookie's path is the whole of it.
      names: {
        session: `${cookie}.session`,
        interaction: `${cookie}.interaction`,
        resume: `${cookie}.resume`,
      },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: [...SYMMETRIC, ...ASYMMETRIC],
      dPoPSigningAlgValues: ASYMMETRIC,
    },
    features: {
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: (_ctx, hint) => hint,
        triggerAuthenticationDevice: (ctx, request) => askUser(ctx.oidc.provider, request),
        validateBindingMessage: () => {},
        validateRequestContext: () => {},
        verifyUserCode: () => {},
      },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      // Okta refuses every proof without a nonce of its own.
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      devInteractions: { enabled: true },
      // A resource server asks about tokens issued to others; a public client proves nothing
      // about itself and so learns about its own only.
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => client.clientAuthMethod !== 'none'
          || issuedTo(token, client),
      },
      // An access token for a resource is a JWT of the resource's audience, as Okta's custom
      // servers' are; one for none is opaque, as this suite introspects and revokes them.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        getResourceServerInfo: (_ctx, resource) => ({
          accessTokenFormat: 'jwt',
          audience: resource,
          jwt: { sign: { alg: 'RS256' } },
          scope: scopes.join(' '),
        }),
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => issuedTo(token, client),
      },
    },
    rotateRefreshToken: true,
    routes: {
      authorization: `${root}/authorize`,
      backchannel_authentication: `${root}/bc/authorize`,
      code_verification: `${root}/activate`,
      device_authorization: `${root}/device/authorize`,
      end_session: `${root}/logout`,
      introspection: `${root}/introspect`,
      jwks: `${root}/keys`,
      pushed_authorization_request: `${root}/par`,
      revocation: `${root}/revoke`,
      token: `${root}/token`,
      userinfo: `${root}/userinfo`,
    },
    ttl: {
      AccessToken: lifetimes.access_token,
      AuthorizationCode: lifetimes.authorization_code,
      ClientCredentials: lifetimes.access_token,
      // A grant or session that ended first would take its tokens along.
      Grant: 86_400,
      IdToken: lifetimes.id_token,
      Interaction: 600,
      // A rotated token inherits the end of the one it replaces, as Okta's do.
      RefreshToken: (ctx) => ctx.oidc.entities.RotatedRefreshToken?.remainingTTL
        ?? lifetimes.refresh_token,
      Session: 86_400,
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider.callback();
}

// Okta publishes a custom server's metadata below its own path and also, by RFC 8414 section 3.1,
// with the well-known part in front; the library knows the first form only.
const METADATA = '/.well-known/oauth-authorization-server';

function dispatcher(mounts) {
  return (req, res) => {
    const url = req.url.startsWith(`${METADATA}/`)
      ? req.url.slice(METADATA.length) + METADATA
      : req.url;
    const { prefix, handle } = mounts.find((mount) => url.startsWith(`${mount.prefix}/`))
      ?? mounts.at(-1);
    // The library derives its absolute URLs from what was cut off here.
    req.originalUrl = url;
    req.baseUrl = prefix;
    req.url = url.slice(prefix.length);
    handle(req, res);
  };
}

let mounts = [];

async function main(line) {
  const config = JSON.parse(line);
  const server = config.tls
    ? createHttpsServer({
      key: readFileSync(config.tls.key),
      cert: readFileSync(config.tls.cert),
    })
    : createHttpServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const { port } = server.address();
  // The issuer names the port, so providers can exist only once it is known.
  const base = `${config.tls ? 'https' : 'http'}://${HOST}:${port}`;
  mounts = await Promise.all(config.servers.map(async ({ id, scopes }) => {
    const prefix = id === null ? '' : `/oauth2/${id}`;
    const mount = { id, prefix, jwks: { keys: [] } };
    mount.rotate = async () => {
      // What was published stays so: tokens that it signed are still about.
      const { keys } = await signingKeys();
      mount.jwks = { keys: [...keys, ...mount.jwks.keys] };
      mount.handle = createProvider(base, { id, prefix, scopes, jwks: mount.jwks }, config);
    };
    await mount.rotate();
    return mount;
  }));
  // The org server's empty prefix matches everything and must be asked last.
  mounts.sort((a, b) => b.prefix.length - a.prefix.length);
  server.on('request', dispatcher(mounts));
  answer('READY', { base_url: base, port });
}

const realNow = Date.now;
let advanced = 0;

async function rotateKeys({ rotate }) {
  await mounts.find((mount) => mount.id === rotate).rotate();
  answer('KEYS', { rotated: rotate });
}

function advanceClock({ advance }) {
  advanced += advance;
  Date.now = () => realNow() + advanced * 1000;
  answer('CLOCK', { advanced });
}

const input = createInterface({ input: process.stdin });
let configured = false;
input.on('line', (line) => {
  if (configured) {
    const message = JSON.parse(line);
    if ('rotate' in message) {
      rotateKeys(message);
    } else {
      advanceClock(message);
    }
  } else {
    configured = true;
    main(line);
  }
});
input.once('close', () => process.exit(0));
