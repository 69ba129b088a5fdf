/**
 * The kinds of violations: an acknowledged write that is missing; a write that exists twice, or although it was
 * refused; a session or a write that outlived its deletion or deadline; bytes of one session or tenant in another; an
 * order that contradicts an earlier acknowledgement.
 */
export type Fault = 'lost' | 'doubled' | 'resurrected' | 'leaked' | 'disordered'

/** One violation. */
export interface Finding {
  readonly fault: Fault
  /** Where, as `tenant/session@incarnation`. */
  readonly where: string
  readonly what: string
}

/** Collects findings. */
export type Report = (fault: Fault, what: string) => void
