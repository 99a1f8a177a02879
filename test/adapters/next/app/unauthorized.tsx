export default function Unauthorized() {
  return <h1>Who is there?</h1>;
}
