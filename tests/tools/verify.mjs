// Verifies Sigstore bundles against a trusted root and a list of keys, without network.
//
//   node verify.mjs TRUSTED_ROOT KEYS BUNDLE...
//
// KEYS is JSON: key name to SPKI DER in base64. One line a bundle: "ok NAME" or "refused NAME: why".
// The exit code is 1 when one was refused, 2 when it could not be tried.
// The packages are those of DETENTE_NODE_TOOLS, a directory with node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

const load = createRequire(join(process.env.DETENTE_NODE_TOOLS, "package.json"));
const { bundleFromJSON } = load("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = load("@sigstore/verify");
// What the two packages stand on; theirs, so that the types are the same.
const { TrustedRoot } = createRequire(load.resolve("@sigstore/verify"))("@sigstore/protobuf-specs");

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const [rootPath, keysPath, ...bundles] = process.argv.slice(2);
if (bundles.length === 0) process.exit(2);

const keys = Object.fromEntries(
  Object.entries(read(keysPath)).map(([name, spki]) => [
    name,
    { rawBytes: `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n` },
  ]),
);
let refused = false;
for (const path of bundles) {
  try {
    const trust = toTrustMaterial(TrustedRoot.fromJSON(read(rootPath)), keys);
    const verifier = new Verifier(trust, {
      ctlogThreshold: 0,
      timestampThreshold: 0,
      tlogThreshold: 1,
    });
    verifier.verify(toSignedEntity(bundleFromJSON(read(path))));
    console.log(`ok ${basename(path)}`);
  } catch (error) {
    refused = true;
    const code = error.code === undefined ? error.name : error.code;
    console.log(`refused ${basename(path)}: ${code}: ${error.message.split("\n")[0]}`);
  }
}
process.exit(refused ? 1 : 0);
