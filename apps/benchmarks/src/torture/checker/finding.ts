/**
 * What must not be: an acknowledged write that is not there; one that is there twice, or though it was refused; a
 * session or a write that outlived its deletion or deadline; bytes of one session or tenant in another; an order that
 * contradicts what was acknowledged before.
 */
export type Fault = 'lost' | 'doubled' | 'resurrected' | 'leaked' | 'disordered'

/** One thing that must not be. */
export interface Finding {
  readonly fault: Fault
  /** Where, as `tenant/session@incarnation`. */
  readonly where: string
  readonly what: string
}

/** Takes findings down. */
export type Report = (fault: Fault, what: string) => void
