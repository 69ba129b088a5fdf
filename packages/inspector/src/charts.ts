import type * as Plot from '@observablehq/plot'
import { markup, Html } from './markup.js'

/** What is needed of an element: the library of types has no DOM. */
interface Drawn {
  readonly outerHTML: string
  querySelectorAll(selector: string): Iterable<Drawn>
  remove(): void
  removeAttribute(name: string): void
  setAttribute(name: string, value: string): void
}

/** A bar: where it stands, what part of it this is, and how much. */
export interface Bar {
  readonly at: string
  readonly part?: string
  readonly value: number
}

/** What a chart shows. */
export interface ChartParts {
  readonly title: string
  /** What the numbers are, for its axis: one word. */
  readonly unit: string
  /** Names of the places, in their order; a chart of none says so. */
  readonly places: readonly string[]
  readonly bars: readonly Bar[]
  /** Lying bars, one a place, for names that are long (default false). */
  readonly isLying?: boolean
  /** How a value is told (default: a whole number). */
  readonly tell?: (value: number) => string
  /** A sentence below it (default: none). */
  readonly note?: string
}

const width = 460
const lyingWidth = 420
const mostParts = 8
const mostTicks = 6
const mostLetters = 24
const letterWidth = 6.5

/** Loaded with the first chart: an application that never shows one does not wait for it. */
async function tools() {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')])
  const window = parseHTML('<!doctype html><html><body></body></html>')
  const { document } = window as unknown as Pick<Plot.PlotOptions, 'document'>
  return { plot, document: document! }
}
let loading: ReturnType<typeof tools> | undefined

/** A chart as a figure, with its numbers as a table below it. */
export async function chart(parts: ChartParts): Promise<Html> {
  const { title, unit, places, note, tell = (value) => value.toLocaleString('en-US') } = parts
  const names = [...new Set(parts.bars.map(({ part = unit }) => part))]
  const shownNames = names.slice(0, mostParts - 1)
  const bars = parts.bars.map(({ at, part = unit, value }) => ({
    at,
    part: names.length < mostParts || shownNames.includes(part) ? part : 'others',
    value,
  }))
  const keys = [...new Set(bars.map(({ part }) => part))]
  if (bars.every(({ value }) => value === 0)) {
    return markup`<figure class="chart">
      <figcaption>${title}</figcaption>
      <p class="none">Nothing in this time.</p>
    </figure>`
  }
  const drawing = await draw({ ...parts, tell }, bars, keys)
  const sum = (at: string, part: string) =>
    bars.reduce((total, bar) => (bar.at === at && bar.part === part ? total + bar.value : total), 0)
  const legend = markup`<ul class="legend">
    ${keys.map(
      (key, index) =>
        markup`<li>
          <svg viewBox="0 0 10 10" aria-hidden="true">
            <rect width="10" height="10" rx="2" fill="${colour(index)}" /></svg
          >${key}
        </li>`,
    )}
  </ul>`
  return markup`<figure class="chart">
    <figcaption>${title}</figcaption>
    ${keys.length > 1 && legend}
    <div class="drawing" tabindex="0" role="group" aria-label="${title}, as a chart">
      ${new Html(drawing)}
    </div>
    ${note !== undefined && markup`<p class="fine">${note}</p>`}
    <details>
      <summary>As a table<span class="hidden">: ${title}</span></summary>
      <div class="scroll" tabindex="0" role="group" aria-label="${title}, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">${parts.isLying === true ? 'What' : 'When'}</th>
              ${keys.map((key) => markup`<th scope="col" class="number">${key}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${places.map(
              (at) =>
                markup`<tr>
                  <th scope="row">${at}</th>
                  ${keys.map((key) => markup`<td class="number">${tell(sum(at, key))}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`
}

const colour = (index: number): string => `var(--c${index + 1})`

async function draw(
  { title, unit, places, isLying = false, tell }: ChartParts & { readonly tell: (value: number) => string },
  bars: readonly Required<Bar>[],
  keys: readonly string[],
): Promise<string> {
  const { plot, document } = await (loading ??= tools())
  const color = { domain: [...keys], range: keys.map((_, index) => colour(index)) }
  const name = ({ at, part, value }: Required<Bar>) =>
    `${at}${keys.length > 1 ? `, ${part}` : ''}: ${tell(value)}`
  const step = Math.ceil(places.length / mostTicks)
  const names = { domain: [...places], label: null }
  const values = { grid: true, label: unit, ticks: 5, nice: true, tickFormat: tell }
  const fill = { fill: 'part', title: name, inset: 0.5, rx: 1.5 } as const
  const svg = isLying
    ? plot.plot({
        document,
        width: lyingWidth,
        height: 34 * places.length + 46,
        marginLeft: Math.max(120, ...places.map((at) => letterWidth * Math.min(at.length, mostLetters) + 12)),
        marginRight: 40,
        color,
        x: { ...values, axis: null, grid: false },
        y: { ...names, tickSize: 0, tickFormat: (at: string) => cut(at, mostLetters) },
        marks: [
          plot.barX(bars, { x: 'value', y: 'at', ...fill, insetTop: 3, insetBottom: 3 }),
          plot.text(bars, {
            x: 'value',
            y: 'at',
            text: (bar: Bar) => tell(bar.value),
            textAnchor: 'start',
            dx: 6,
          }),
        ],
      })
    : plot.plot({
        document,
        width,
        height: 220,
        marginLeft: 56,
        color,
        x: { ...names, tickSize: 0, ticks: places.filter((_, index) => index % step === 0) },
        y: values,
        marks: [plot.barY(bars, { x: 'at', y: 'value', ...fill }), plot.ruleY([0])],
      })
  const drawn = svg as unknown as Drawn
  // A page allows no style of its own; the sheet has these rules.
  for (const style of drawn.querySelectorAll('style')) style.remove()
  for (const styled of drawn.querySelectorAll('[style]')) styled.removeAttribute('style')
  for (const labelled of drawn.querySelectorAll('[aria-label]')) labelled.removeAttribute('aria-label')
  drawn.setAttribute('class', isLying ? 'plot lying' : 'plot')
  drawn.setAttribute('role', 'img')
  drawn.setAttribute('aria-label', `${title}: a chart. Its numbers are in the table below.`)
  return drawn.outerHTML
}

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text
