/**
 * Browsers that translate a page put its words into elements of their own. React does not know of that, and the first word
 * that it removed would end the whole page.
 */
export function expectTranslations(): void {
  // oxlint-disable-next-line typescript/unbound-method -- Each is called with the node that it is a method of.
  const { removeChild, insertBefore } = Node.prototype
  Node.prototype.removeChild = function <T extends Node>(this: Node, child: T): T {
    return child.parentNode === this ? (removeChild.call(this, child) as T) : child
  }
  Node.prototype.insertBefore = function <T extends Node>(this: Node, made: T, next: Node | null): T {
    return insertBefore.call(this, made, next?.parentNode === this ? next : null) as T
  }
}
