/**
 * The generation of the credential that replaces one. It passes over many, at random: a store that has lost its newest
 * changes, in a failover or because a backup was put back, must not give the generation of a credential that is void.
 */
export function nextGeneration(generation: number): number {
  const [passed] = crypto.getRandomValues(new Uint32Array(1))
  return generation + 1 + passed!
}
