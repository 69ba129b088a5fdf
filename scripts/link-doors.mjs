// Lets the declarations of each door of a package lead to its other doors. TypeScript writes an inferred type into
// declarations by the name of a door that the program holds, and looks for no other (TS2742). Run in the folder of the
// package, after `tsc`; the sources stay free of circles.
//
//   node ../../scripts/link-doors.mjs [DOOR …]
//
// No door leads to those that are named: they ask for types that not every program has, such as those of Node.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const doors = Object.values(exports).flatMap((door) => (door.types ? [basename(door.types, '.d.ts')] : []))
const open = doors.filter((door) => !process.argv.slice(2).includes(door))

for (const door of doors) {
  const file = join('dist', `${door}.d.ts`)
  const others = open.filter((other) => other !== door)
  const links = others.map((other) => `export type {} from './${other}.js';\n`).join('')
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/(?=\/\/# sourceMappingURL|$)/, () => links),
  )
}
