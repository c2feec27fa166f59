// Two OpenID providers for tests, on two ports: the first says groups in the ID token, the second only when it is asked.
// Anybody signs in under any name, with any password; the groups of a person are what stands after "+" in the name.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(`${process.cwd()}/package.json`))
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')))
const ports = process.argv.slice(2).map(Number)
const audience = 'https://remint.example'

function accountOf(_context, id) {
  const [name, ...groups] = id.split('+')
  const claims = { sub: id, preferred_username: name, email: `${name}@example.org`, groups }
  return { accountId: id, claims: () => claims }
}

function client(id, more) {
  return {
    client_id: id,
    application_type: 'native',
    redirect_uris: ['localhost', '127.0.0.1'].flatMap((host) => ['acme', 'other'].map((name) => `http://${host}/login/${name}/callback`)),
    ...more,
  }
}

for (const [place, port] of ports.entries()) {
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, {
    clients: [
      client('remint', { token_endpoint_auth_method: 'none' }),
      client('remint-secret', { client_secret: 'known-to-the-tests', token_endpoint_auth_method: 'client_secret_basic' }),
      {
        client_id: 'ci',
        client_secret: 'known-to-the-tests',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email'] },
    conformIdTokenClaims: place > 0,
    findAccount: accountOf,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: 'build', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300 }),
      },
    },
    extraTokenClaims: (_context, token) =>
      token.kind === 'ClientCredentials' ? { repository: 'acme/models', ref: 'refs/heads/main' } : undefined,
    cookies: { keys: ['known-to-the-tests'] },
    renderError: (context, _out, error) => {
      context.body = `error: ${error.message}`
    },
  })
  createServer(provider.callback()).listen(port, '127.0.0.1')
}
