// sharp as a contender of `fanfare bench images`; requests and answers as in image_worker.py.
// Run as: node sharp_worker.mjs FOLDER, where FOLDER/node_modules has sharp.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const sharp = createRequire(`${process.argv[2]}/`)("sharp");
sharp.cache(false); // every call does all of the work

for await (const line of createInterface({ input: process.stdin })) {
  const { source, target } = JSON.parse(line);
  const data = readFileSync(source);
  const wall = performance.now();
  const before = process.cpuUsage(); // user and system time of every thread, microseconds
  const body = await sharp(data)
    .rotate()
    .resize(1024, 1024, { fit: "inside", withoutEnlargement: true, kernel: "lanczos3" })
    .flatten({ background: "#ffffff" })
    .jpeg({ quality: 85 })
    .toBuffer();
  const { user, system } = process.cpuUsage(before);
  const spent = { cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1e3 };
  writeFileSync(target, body);
  process.stdout.write(JSON.stringify(spent) + "\n");
}
