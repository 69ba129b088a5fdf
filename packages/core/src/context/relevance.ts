export interface RelevanceIndex {
  readonly size: number
}
