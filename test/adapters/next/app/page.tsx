import * as actions from "./actions";
import { Tags } from "./tags";
import { getSession } from "../sessions";

const FORMS = Object.entries(actions);

export default async function Page() {
  const session = await getSession();
  return (
    <main>
      <Header />
      <h1>{session.data.visits}</h1>
      <Again />
      <p id="new">{String(session.isNew)}</p>
      <p id="flash">{String(session.flash("notice"))}</p>
      <Tags tags={session.data.tags} />
      {FORMS.map(([name, action]) => (
        <form key={name} action={action}>
          <button>{name}</button>
        </form>
      ))}
    </main>
  );
}

async function Header() {
  const { data } = await getSession();
  return <header>{data.name ?? "nobody"}</header>;
}

async function Again() {
  const [one, two] = await Promise.all([getSession(), getSession()]);
  return <p id="same">{String(one === two)}</p>;
}
