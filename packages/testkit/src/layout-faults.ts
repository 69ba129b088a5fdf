/**
 * A script for a page: what does not fit on it. It gives a sentence for a page that scrolls sideways, for each control that
 * reaches out of the page or is cut off by what is around it, and for each two controls that lie on each other.
 *
 * What scrolls by itself is no fault, and neither is text that ends in an ellipsis, nor what stays in place while the page
 * scrolls beneath it.
 */
export const layoutFaults = `(() => {
  const faults = []
  const width = document.documentElement.clientWidth
  const most = document.scrollingElement.scrollWidth
  if (most > width + 1) faults.push('the page is ' + most + ' wide, of ' + width)
  const named = (element) =>
    element.tagName.toLowerCase() + ' "' + (element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40) + '"'
  const around = (element) => {
    const all = []
    for (let each = element.parentElement; each; each = each.parentElement) all.push(each)
    return all
  }
  const clips = (value) => value === 'hidden' || value === 'clip'
  const scrolls = (value) => value === 'auto' || value === 'scroll'
  const isSeen = (element) => {
    const { width, height } = element.getBoundingClientRect()
    return width > 2 && height > 2 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
  }
  const floats = (element) =>
    [element, ...around(element)].some((each) => ['fixed', 'sticky'].includes(getComputedStyle(each).position))
  const controls = [...document.querySelectorAll('a[href],button,input,select,textarea,summary,h1,h2,h3,[role=button]')]
    .filter((element) => isSeen(element) && !element.closest('[inert],[aria-hidden=true]'))
  const places = []
  for (const element of controls) {
    const at = element.getBoundingClientRect()
    const over = around(element)
    const isInScroller = over.some((each) => scrolls(getComputedStyle(each).overflowX) && each.scrollWidth > each.clientWidth)
    if (!isInScroller && (at.left < -1 || at.right > width + 1)) faults.push(named(element) + ' reaches out of the page')
    for (const each of over) {
      const style = getComputedStyle(each)
      const box = each.getBoundingClientRect()
      // A name of one pixel is for those who cannot see.
      if (box.width < 3 || each === document.body || each === document.documentElement) continue
      const isCut =
        (clips(style.overflowX) && (at.left < box.left - 1 || at.right > box.right + 1)) ||
        (clips(style.overflowY) && (at.top < box.top - 1 || at.bottom > box.bottom + 1) && !scrolls(style.overflowY))
      if (isCut && style.textOverflow !== 'ellipsis') faults.push(named(element) + ' is cut off by ' + each.tagName.toLowerCase() + '.' + each.className)
      if (scrolls(style.overflowX) || scrolls(style.overflowY)) break
    }
    if (floats(element) || /^H/.test(element.tagName)) continue
    // What has scrolled out of its box is not seen.
    // A row may be a link, with room at its side for a button.
    const own = getComputedStyle(element)
    const part = {
      left: Math.max(at.left + parseFloat(own.paddingLeft), 0),
      right: at.right - parseFloat(own.paddingRight),
      top: Math.max(at.top + parseFloat(own.paddingTop), 0),
      bottom: Math.min(at.bottom - parseFloat(own.paddingBottom), innerHeight),
    }
    for (const each of over) {
      const { overflowX, overflowY } = getComputedStyle(each)
      const box = each.getBoundingClientRect()
      if (overflowX !== 'visible') [part.left, part.right] = [Math.max(part.left, box.left), Math.min(part.right, box.right)]
      if (overflowY !== 'visible') [part.top, part.bottom] = [Math.max(part.top, box.top), Math.min(part.bottom, box.bottom)]
    }
    if (part.right > part.left && part.bottom > part.top) places.push([element, part])
  }
  for (const [index, [one, a]] of places.entries()) {
    for (const [other, b] of places.slice(index + 1)) {
      if (one.contains(other) || other.contains(one)) continue
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (across > 3 && down > 3) faults.push(named(one) + ' and ' + named(other) + ' lie on each other')
    }
  }
  return faults
})()`
