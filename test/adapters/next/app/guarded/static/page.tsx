export default function Page() {
  return <p>The same for everybody who has a name</p>;
}
