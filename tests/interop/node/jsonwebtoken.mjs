// Tokens of npm's jsonwebtoken, which reads JWKs by way of Node.js alone.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { answer, load } from "./lines.mjs";

const { default: jwt } = await load("jsonwebtoken");

function named(keys, token) {
  const { kid } = jwt.decode(token, { complete: true }).header;
  return createPublicKey({ key: keys.keys.find((key) => key.kid === kid), format: "jwk" });
}

await answer({
  sign({ alg, kid, claims, key }) {
    const own = key.secret ?? createPrivateKey({ key: key.jwk, format: "jwk" });
    const options = kid ? { algorithm: alg, keyid: kid } : { algorithm: alg };
    return { token: jwt.sign(claims, own, options) };
  },
  verify({ alg, token, keys }) {
    const theirs = keys.secret ?? named(keys, token);
    return { claims: jwt.verify(token, theirs, { algorithms: [alg] }) };
  },
});
