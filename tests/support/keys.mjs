// Keys and certificates, made anew by OpenSSL: none that anybody could use is in the repository.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate, createVerify } from "node:crypto";
import { runProgram } from "./process.mjs";

/** The texts of all files that these commands of OpenSSL's make, by name. */
export async function openssl(...commands) {
  const folder = mkdtempSync(join(tmpdir(), "anaplan-tasks-"));
  try {
    const made = {};
    for (const command of commands) {
      const { code, stderr } = await runProgram("openssl", command.split(" "), { cwd: folder });
      if (code !== 0) throw new Error(`openssl ${command}: ${stderr}`);
      const [, name] = /-(?:out|keyout) (\S+)/.exec(command);
      made[name] = readFileSync(join(folder, name), "utf8");
      writeFileSync(join(folder, name), made[name]);
    }
    return made;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An RSA key in both formats, `key8` and `key1`, and a certificate of its own. */
export function makeKeys() {
  return openssl(
    "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key8",
    "rsa -in key8 -traditional -out key1",
    "req -x509 -new -key key8 -subj /CN=anaplan-tasks-test -days 2 -out certificate",
  );
}

/**
 * What Anaplan sees in a sign-in by certificate: the certificate's text, the signed bytes, their
 * format, and whether the signature is the certificate's.
 */
export function readSignIn(authorization, body) {
  const [scheme, header] = authorization.split(" ");
  const pem = Buffer.from(header, "base64").toString();
  const { encodedData, encodedSignedData, encodedDataFormat, ...more } = JSON.parse(body);
  const data = Buffer.from(encodedData, "base64");
  const verify = createVerify("RSA-SHA512").update(data);
  const { publicKey } = new X509Certificate(pem);
  const isGood = verify.verify(publicKey, encodedSignedData, "base64");
  return { scheme, pem, data, format: encodedDataFormat, isGood, more };
}

/** The body of a request, as text. */
export async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
