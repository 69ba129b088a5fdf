/** Deletes everything. The browser sends the form with its box ticked alone. */
export function EraseForm() {
  return (
    <form method="post" action="/api/chat/privacy/erase" className="erase">
      <p>
        Every conversation, with its cart and its orders, all that you allow, and your guest’s name go for
        good, on every device that shares this name. Copies that you gave to other people stay theirs.
      </p>
      <label className="sure">
        <input type="checkbox" name="sure" value="yes" required />
        Yes, delete everything
      </label>
      <p>
        <button type="submit" className="danger">
          Delete everything
        </button>
      </p>
    </form>
  )
}
