// Answer each job of standard input, a line of JSON, with a line of JSON; what is thrown is an answer too.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

// The packages are not beside this file, but where the first argument says.
const require = createRequire(process.argv[2] + "/");

export const load = (name) => import(pathToFileURL(require.resolve(name)));

export async function answer(jobs) {
  for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line);
    let result;
    try {
      result = await jobs[job.do](job);
    } catch (error) {
      result = { error: `${error.name}: ${error.message}` };
    }
    console.log(JSON.stringify(result));
  }
}
