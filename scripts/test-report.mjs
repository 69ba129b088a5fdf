// A reporter of vitest in addition to its own: prints every twenty seconds how far a run is and what it waits for, and
// writes the results to a file, for scripts/test.mjs to count.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

const noteMs = 20_000

export class TestReport {
  #vitest
  #running = new Map()
  #files = 0
  #filesDone = 0
  #passed = 0
  #failed = 0
  #lines = new Map()
  #timer

  onInit(vitest) {
    this.#vitest = vitest
  }

  onTestRunStart(specifications) {
    this.#files = specifications.length
    this.#filesDone = this.#passed = this.#failed = 0
    this.#lines = new Map(specifications.map((one) => [keyOf(one), one.testLines]))
    this.#tell()
  }

  onTestModuleStart(module) {
    this.#running.set(module.id, {
      name: `${module.project.name} ${this.#fileOf(module)}`,
      startedAt: Date.now(),
    })
  }

  onTestCaseResult(test) {
    const { state, errors } = test.result()
    if (state === 'passed') this.#passed++
    if (state !== 'failed') return
    this.#failed++
    // vitest tells at the end, which a run that is cut off never comes to.
    const file = this.#fileOf(test.module)
    const [message = ''] = (errors[0]?.message ?? '').split('\n')
    console.log(`  failed: ${test.project.name} ${file} > ${test.fullName}: ${message}`)
  }

  onTestModuleEnd(module) {
    this.#running.delete(module.id)
    this.#filesDone++
  }

  onTestRunEnd(modules, errors) {
    clearInterval(this.#timer)
    const report = process.env.TEST_REPORT
    if (!report) return
    const result = { passed: 0, failed: errors.length, skipped: [], files: [] }
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      const states = tests.map((test) => test.result().state)
      const failed = states.filter((state) => state === 'failed').length
      result.passed += states.filter((state) => state === 'passed').length
      result.failed += failed
      // A file that did not load, or a hook that failed, counts as failed as well.
      if (module.state() === 'failed' && failed === 0) result.failed++
      const skipped = tests.filter((test) => test.result().state === 'skipped' && this.#isChosen(test))
      result.skipped.push(...skipped.map((test) => `${this.#fileOf(module)} > ${test.fullName}`))
      result.files.push({
        project: module.project.name,
        file: this.#fileOf(module),
        ms: Math.round(module.diagnostic().duration),
        slowestMs: Math.round(Math.max(0, ...tests.map((test) => test.diagnostic()?.duration ?? 0))),
      })
    }
    writeFileSync(report, JSON.stringify(result))
  }

  /**
   * Whether it was chosen to run: a test that `-t NAME` or `FILE:LINE` leaves out counts as not chosen, not as
   * skipped.
   */
  #isChosen(test) {
    const { testNamePattern } = this.#vitest.config
    // As vitest itself compares: the names from the outermost suite on, with blanks between.
    if (
      testNamePattern &&
      !testNamePattern.test(
        pathOf(test)
          .map(({ name }) => name)
          .join(' '),
      )
    )
      return false
    const lines = this.#lines.get(keyOf(test.module))
    return lines === undefined || pathOf(test).some(({ location }) => lines.includes(location?.line))
  }

  #fileOf(module) {
    return relative(this.#vitest.config.root, module.moduleId)
  }

  #tell() {
    clearInterval(this.#timer)
    // On a terminal vitest shows a summary that updates by itself.
    if (process.stdout.isTTY) return
    this.#timer = setInterval(() => console.log(`  ${this.#state()}`), noteMs)
    this.#timer.unref()
  }

  #state() {
    if (this.#filesDone === 0 && this.#running.size === 0) return 'setting up what the projects stand on'
    const now = Date.now()
    const running = [...this.#running.values()].map(
      ({ name, startedAt }) => `${name} (${Math.round((now - startedAt) / 1000)} s)`,
    )
    const counts = `${this.#filesDone} of ${this.#files} files, ${this.#passed} tests passed, ${this.#failed} failed`
    return `${counts}; at work: ${running.join(', ') || 'the next files, which are being loaded'}`
  }
}

/** The suites around a test from the outermost on, and the test itself. */
function pathOf(test) {
  const path = [test]
  for (let at = test.parent; at.type === 'suite'; at = at.parent) path.unshift(at)
  return path
}

function keyOf({ moduleId, project }) {
  return `${project.name} ${moduleId}`
}

// vitest requires a default export.
export default TestReport
