// Tokens of npm's jose.
import { answer, load } from "./lines.mjs";

const jose = await load("jose");
const secret = (text) => new TextEncoder().encode(text);

await answer({
  async sign({ alg, kid, claims, key }) {
    const own = key.secret ? secret(key.secret) : await jose.importJWK(key.jwk, alg);
    const header = kid ? { alg, kid, typ: "JWT" } : { alg, typ: "JWT" };
    return { token: await new jose.SignJWT(claims).setProtectedHeader(header).sign(own) };
  },
  async issue({ alg, typ, claims }) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg);
    const jwk = await jose.exportJWK(publicKey);
    const kid = await jose.calculateJwkThumbprint(jwk);
    const token = new jose.SignJWT(claims).setProtectedHeader({ alg, kid, typ });
    return { token: await token.sign(privateKey), keys: { keys: [{ ...jwk, kid }] } };
  },
  async verify({ alg, token, keys }) {
    const theirs = keys.secret ? secret(keys.secret) : jose.createLocalJWKSet(keys);
    const verified = await jose.jwtVerify(token, theirs, { algorithms: [alg] });
    return { claims: verified.payload };
  },
});
