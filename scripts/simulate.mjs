/** `npm run simulate`: lets virtual days pass over many secrets, with everything going wrong that can. What it does is in `test/simulator`. */

import { command } from "../test/simulator/command.ts";

process.exitCode = await command(process.argv.slice(2), {
  print: (line) => console.log(line),
  complain: (line) => console.error(line),
  // How far it is, where somebody looks on.
  show: (progress) => void (process.stderr.isTTY && process.stderr.write(`\r\u001B[K${progress}`)),
});
