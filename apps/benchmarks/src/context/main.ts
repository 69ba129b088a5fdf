import { parseArgs } from 'node:util'
import { loadConversations } from './conversations.js'
import { measure, type Measured } from './measure.js'
import { measureScale } from './scale.js'
import { measureStability } from './stability.js'
import { strategies } from './strategies.js'
import { measureEstimator } from './estimator.js'

const usage = `bench:context -- --data DIR [--budget 1000,2000,4000] [--strategy all|NAME] [--json]

  --data      a folder of conversations: {turns: [{id, at, speaker, text}], questions: [{question, evidence: [ids]}]}
  --budget    tokens of a context, one or several (default 1000,2000,4000)
  --strategy  all (default), or one of ${[...strategies.keys()].join(', ')}
  --json      the last line is {"rows": [...]}`

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    budget: { type: 'string', default: '1000,2000,4000' },
    strategy: { type: 'string', default: 'all' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const budgets = values.budget.split(',').map(Number)
const isKnown = values.strategy === 'all' || strategies.has(values.strategy)
if (values.help || values.data === undefined || !isKnown || budgets.some((budget) => !(budget > 0))) {
  console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const conversations = await loadConversations(values.data)
const chosen = [...strategies].filter(([name]) => values.strategy === 'all' || values.strategy === name)
// One run without a result, so that the first row does not include compilation.
for (const [name, strategy] of chosen) measure(conversations.slice(0, 1), name, strategy, budgets[0]!)
const rows = chosen.flatMap(([name, strategy]) =>
  budgets.map((budget) => measure(conversations, name, strategy, budget)),
)

if (values.json) {
  console.log(JSON.stringify({ rows: rows.map((row) => ({ ...row, perConversation: undefined })) }))
} else {
  printRows(rows)
  printStability()
  printEstimator()
  printScale()
}

function printRows(rows: readonly Measured[]): void {
  const asked = conversations.reduce((sum, { questions }) => sum + questions.length, 0)
  console.log(
    `${conversations.length} conversations, ${asked} questions; tokens are characters / 4 + 4 a message\n`,
  )
  console.log(
    'strategy              budget  evidence                        all of it  tokens  µs/build  by conversation',
  )
  for (const row of rows) {
    const bar = '█'.repeat(Math.round(row.evidenceRecall * 20)).padEnd(20, '·')
    const each = row.perConversation.map((share) => percent(share)).join(' ')
    console.log(
      `${row.strategy.padEnd(20)} ${pad(row.budget, 7)}  ${percent(row.evidenceRecall)} ${bar}` +
        `  ${pad(percent(row.allEvidence), 12)} ${pad(Math.round(row.meanTokens), 7)} ${pad(row.microsPerBuild.toFixed(0), 9)}  ${each}`,
    )
  }
}

function printStability(): void {
  console.log(
    '\nA turn after the other, budget 8000: how much of a prompt is the beginning of the one before',
  )
  for (const name of ['default', 'stable-window', 'sliding-window']) {
    const { turns, samePrefix, whenFull, moves, meanTokens } = measureStability(
      conversations,
      name,
      strategies.get(name),
      {
        budget: 8000,
        turns: 200,
      },
    )
    const rest = `${turns} turns, ${moves} moves of the boundary, ${Math.round(meanTokens)} tokens a prompt`
    console.log(`${name.padEnd(20)} ${percent(samePrefix)}, once full ${percent(whenFull)}  ${rest}`)
  }
}

function printEstimator(): void {
  console.log('\nestimateTokens against o200k, error of the estimate')
  for (const { kind, texts, median, p5, p95 } of measureEstimator(conversations)) {
    console.log(
      `${kind.padEnd(20)} ${pad(texts, 6)} texts, median ${signed(median)}, 5 % below ${signed(p5)}, 5 % above ${signed(p95)}`,
    )
  }
}

function printScale(): void {
  console.log('\nOne build, 10,000 messages, budget 8000, median')
  for (const { what, millis } of measureScale(conversations))
    console.log(`${what.padEnd(50)} ${millis.toFixed(2)} ms`)
}

function pad(value: number | string, width: number): string {
  return String(value).padStart(width)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`.padStart(7)
}

function signed(share: number): string {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(0)} %`
}
