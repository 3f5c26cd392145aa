// Has Sigstore's own verifier check single entries of an evidence bundle, offline.
//
//   node sigstore_check.mjs TOOLS TRUSTED_ROOT KEYS ENTRY...
//
// TOOLS holds node_modules with @sigstore/verify and @sigstore/bundle; KEYS is JSON from key name to
// public key (SPKI, base64). Prints the number verified; says on standard error what was refused.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [tools, root, keyFile, ...entries] = process.argv.slice(2);
const from = createRequire(join(resolve(tools), "package.json"));
const sigstore = from("@sigstore/verify");
const { bundleFromJSON } = from("@sigstore/bundle");
const specs = createRequire(from.resolve("@sigstore/verify"))("@sigstore/protobuf-specs");

const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const keys = {};
for (const [name, spki] of Object.entries(json(keyFile))) {
  keys[name] = { rawBytes: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n` };
}
const trust = sigstore.toTrustMaterial(specs.TrustedRoot.fromJSON(json(root)), keys);
const verifier = new sigstore.Verifier(trust, {
  ctlogThreshold: 0,
  timestampThreshold: 0,
  tlogThreshold: 1,
});
let good = 0;
for (const path of entries) {
  try {
    verifier.verify(sigstore.toSignedEntity(bundleFromJSON(json(path))));
    good += 1;
  } catch (error) {
    console.error(`${path}: ${error.message.split("\n")[0]}`);
  }
}
console.log(good);
process.exit(good === entries.length ? 0 : 1);
