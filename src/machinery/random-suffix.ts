// The ends of generated names: from an alphabet without vowels and look-alikes, so that no words come about
// (apimachinery util/rand).

import type { Random } from './env/env.ts'

const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

const maxNameLength = 63
const suffixLength = 5

export function randomSuffix(random: Random, length = suffixLength): string {
  let suffix = ''
  for (let index = 0; index < length; index++) suffix += alphabet[Math.floor(random.next() * alphabet.length)]
  return suffix
}

/** `metadata.generateName` made a name: cut to fit, with five characters appended. */
export function generateName(base: string, random: Random): string {
  return base.slice(0, maxNameLength - suffixLength) + randomSuffix(random)
}

/** The text's characters mapped onto the safe alphabet: how a template's hash becomes part of a name. */
export function safeEncodeString(text: string): string {
  let encoded = ''
  for (let index = 0; index < text.length; index++) encoded += alphabet[text.charCodeAt(index) % alphabet.length]
  return encoded
}
