/**
 * VS Code shows no ghost text for an item whose range covers a character beyond the BMP, such as an
 * emoji. The part of the item that is typed already can go, up to and including that character.
 */

/** How many UTF-16 units of `typed` and of the text to cut off at the front; 0 for most lines. */
export function beyondSurrogates(typed: string, text: string): number {
  for (let end = typed.length; end > 0; end -= 1) {
    const unit = typed.charCodeAt(end - 1);
    if (unit >= 0xd800 && unit <= 0xdfff) {
      return text.startsWith(typed.slice(0, end)) ? end : 0;
    }
  }
  return 0;
}
