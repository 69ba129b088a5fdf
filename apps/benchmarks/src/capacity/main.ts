import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Coefficients, coefficientsFile, readCoefficients } from './coefficients.js'
import { sumsTable } from './page.js'
import { readInputs } from './read-inputs.js'
import { measureMemoryCopies } from './measure-copies.js'
import { measurePostgres, measureRedis, measureRedisCache } from './servers.js'
import { type CapacityInputs, toSums, usualInputs } from './sums.js'

const usage = `capacity -- [--inputs FILE] [--measure] [--json]

  --inputs   a JSON file with some of ${Object.keys(usualInputs).join(', ')};
             what it leaves out is as in docs/capacity.md
  --measure  measures anew what a session and a call take, on this machine, and writes apps/benchmarks/capacity.json
             (Linux; docs/capacity.md is then made again by its test, with -u)
  --json     the last line is the sums`

const { values } = argumentsOf()
if (values.help) {
  console.error(usage)
  process.exit(0)
}

if (values.measure) {
  const stores = { redis: await measureRedis(), postgres: await measurePostgres() }
  const measured: Coefficients = {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown kind'}, Node ${process.versions.node}`,
    stores,
    copies: { memory: await measureMemoryCopies(), shared: await measureRedisCache() },
  }
  const rounded = JSON.stringify(
    measured,
    (_, value: unknown) => (typeof value === 'number' ? round(value) : value),
    2,
  )
  writeFileSync(coefficientsFile, `${rounded}\n`)
  console.log(rounded)
}

const inputs = inputsOf(values.inputs)
const coefficients = readCoefficients()
console.log(values.inputs === undefined ? sumsTable(coefficients) : sumsTable(coefficients, [inputs]))
if (values.json) console.log(JSON.stringify(toSums(inputs, coefficients)))

function argumentsOf() {
  try {
    return parseArgs({
      options: {
        inputs: { type: 'string' },
        measure: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function inputsOf(file: string | undefined): CapacityInputs {
  if (file === undefined) return usualInputs
  try {
    return readInputs(readFileSync(file, 'utf8'))
  } catch (error) {
    return refuse(`${file}: ${(error as Error).message}`)
  }
}

function refuse(message: string): never {
  console.error(`${message}\n\n${usage}`)
  process.exit(2)
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
