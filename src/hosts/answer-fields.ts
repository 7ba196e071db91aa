import type { FileLine } from '../remediation/mail-host.ts'
import type { AnswerRecord } from './answer-record.ts'
import { badAnswer } from './bad-answer.ts'

/** Checked access to the fields of one host's records: what has the wrong form is a `bad-answer` that names record and field. */
export type AnswerFields = {
  text(record: AnswerRecord, index: number): string
  /** `-` stands for absent. */
  optional(record: AnswerRecord, index: number): string | undefined
  whole(record: AnswerRecord, index: number): number
  optionalWhole(record: AnswerRecord, index: number): number | undefined
  /** A file and its line, two fields; undefined unless both are given. */
  place(record: AnswerRecord, index: number): FileLine | undefined
  oneOf<T extends string>(record: AnswerRecord, index: number, allowed: readonly T[]): T
}

export function answerFields(host: string): AnswerFields {
  function text(record: AnswerRecord, index: number): string {
    const field = record.fields[index]
    if (field === undefined)
      throw badAnswer(host, `sent a record "${record.name}" without its field ${index + 1}`)
    return field
  }

  function optional(record: AnswerRecord, index: number): string | undefined {
    const field = text(record, index)
    return field === '-' || field === '' ? undefined : field
  }

  function wrong(record: AnswerRecord, index: number): Error {
    return badAnswer(
      host,
      `sent a wrong field ${index + 1} in a record "${record.name}"`,
      text(record, index),
    )
  }

  function optionalWhole(record: AnswerRecord, index: number): number | undefined {
    const field = optional(record, index)
    if (field === undefined) return undefined
    const number = Number(field)
    if (!/^-?\d{1,16}$/.test(field) || !Number.isSafeInteger(number)) throw wrong(record, index)
    return number
  }

  return {
    text,
    optional,
    optionalWhole,
    whole(record, index) {
      const number = optionalWhole(record, index)
      if (number === undefined) throw wrong(record, index)
      return number
    },
    place(record, index) {
      const file = optional(record, index)
      const line = optionalWhole(record, index + 1)
      return file === undefined || line === undefined ? undefined : { file, line }
    },
    oneOf(record, index, allowed) {
      const found = allowed.find((one) => one === text(record, index))
      if (found === undefined) throw wrong(record, index)
      return found
    },
  }
}
