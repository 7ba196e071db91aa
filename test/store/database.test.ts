import { describe, expect, it } from 'vitest'
import { Database } from '../../src/store/database.ts'

describe('the database', () => {
  it('undoes a whole transaction when the disk is full, says so, and goes on when there is room', () => {
    const db = new Database(':memory:')
    db.exec('CREATE TABLE logs (text TEXT) STRICT; PRAGMA max_page_count = 20')
    const fill = () => {
      for (let row = 0; row < 200; row++)
        db.run('INSERT INTO logs VALUES (:text)', { text: 'x'.repeat(1_000) })
    }
    expect(() => db.transaction(fill)).toThrow(
      expect.objectContaining({
        code: 'store-full',
        retryable: true,
        hint: expect.stringContaining('Make room'),
      }),
    )
    expect(db.all('SELECT * FROM logs')).toEqual([])
    db.exec('PRAGMA max_page_count = 2000')
    db.transaction(fill)
    expect(db.all('SELECT * FROM logs')).toHaveLength(200)
    db.close()
  })

  it('undoes a transaction whose body throws, and throws just that', () => {
    const db = new Database(':memory:')
    db.exec('CREATE TABLE logs (text TEXT) STRICT')
    const reason = new Error('no')
    const body = () => {
      db.run(`INSERT INTO logs VALUES ('a')`)
      throw reason
    }
    expect(() => db.transaction(body)).toThrow(reason)
    expect(db.all('SELECT * FROM logs')).toEqual([])
    expect(db.transaction(() => db.run(`INSERT INTO logs VALUES ('b')`))).toBe(1)
    db.close()
  })

  it('takes undefined for NULL and booleans for numbers', () => {
    const db = new Database(':memory:')
    expect(db.get('SELECT :a AS a, :b AS b, :c AS c', { a: undefined, b: true, c: 'x' })).toEqual({
      a: null,
      b: 1,
      c: 'x',
    })
    db.close()
  })

  it('says so when it is closed', () => {
    const db = new Database(':memory:')
    db.close()
    db.close()
    expect(() => db.get('SELECT 1')).toThrow(expect.objectContaining({ code: 'store-closed' }))
  })
})
