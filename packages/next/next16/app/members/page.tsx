export default function Page() {
  return <p>for those who have been here before</p>
}
