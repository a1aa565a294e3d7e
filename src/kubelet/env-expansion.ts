// $(NAME) in commands, arguments and variables: replaced by the variable when there is one, left alone when there is
// none; $$(NAME) is a literal $(NAME).

export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text
  let result = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character !== '$' || i + 1 >= text.length) {
      result += character
      continue
    }
    const next = text[i + 1]!
    if (next === '$') {
      result += '$'
      i++
    } else if (next === '(') {
      const close = text.indexOf(')', i + 2)
      if (close < 0) {
        result += '$('
        i++
      } else {
        const name = text.slice(i + 2, close)
        result += lookup(name) ?? `$(${name})`
        i = close
      }
    } else {
      result += `$${next}`
      i++
    }
  }
  return result
}
