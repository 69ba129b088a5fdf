/** Puts something in place of terms, the same for the same term of a tenant each time: an index then has no words. */
export interface TermSeal {
  /** Names the key. With another name the index is made anew. */
  readonly id: string
  /** What stands for a term: the same for the same term of a tenant. */
  seal(tenantId: string, term: string): string
}
