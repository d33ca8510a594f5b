// Who can reach this, and why not: the question that a map is for.

import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { api, body, type Explanation, type Port, Problem } from "../api/client";
import { portsQuery } from "../api/queries";
import { Remedies } from "../plans/remedies";
import { Form } from "./form";

const PORTED = ["tcp", "udp", "sctp"] as const;
type Protocol = (typeof PORTED)[number] | "icmp" | "icmpv6";

/** What `tcp/443`, `icmp` and the like mean to the API; a Problem when it is none of them. */
export function trafficIn(text: string): { protocol: Protocol; port?: number } {
  const [protocol, port] = text.trim().toLowerCase().split("/");
  if ((protocol === "icmp" || protocol === "icmpv6") && port === undefined) return { protocol };
  const number = Number(port);
  if (PORTED.includes(protocol as never) && Number.isInteger(number) && number > 0 && number < 65536) {
    return { protocol: protocol as Protocol, port: number };
  }
  throw new Problem(
    0,
    "invalid",
    `Write the service like tcp/443, udp/53 or icmp, not “${text}”.`,
    "traffic",
  );
}

/** Ask whether `port` reaches another endpoint, or the other way round. */
export function Ask({ port, other: first }: { port: Port; other?: Port | undefined }) {
  const others = useQuery(portsQuery(port.project)).data ?? [];
  const [other, setOther] = useState(first?.name ?? "");
  const [traffic, setTraffic] = useState("tcp/80");
  const [outward, setOutward] = useState(true);
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const names = useId();
  const send = async () => {
    const here = { port: port.id };
    const known = others.find((one) => one.name === other);
    const there =
      known !== undefined
        ? { port: known.id }
        : /^[0-9a-f.:]+$/i.test(other)
          ? { address: other }
          : { port: other };
    setAnswer(null);
    setAnswer(
      await body(
        api.POST("/api/v1/explain", {
          body: {
            project: port.project,
            source: outward ? here : there,
            destination: outward ? there : here,
            traffic: trafficIn(traffic),
            remedies: true,
          },
        }),
      ),
    );
  };
  return (
    <section className="ask">
      <h3>Ask</h3>
      <Form action="Explain" send={send} onDone={() => {}}>
        {() => (
          <>
            <p>
              <select
                aria-label="Direction"
                value={outward ? "to" : "from"}
                onChange={(event) => setOutward(event.target.value === "to")}
              >
                <option value="to">may it reach</option>
                <option value="from">may it be reached by</option>
              </select>
            </p>
            <p>
              <input
                aria-label="The other endpoint, by name or address"
                placeholder="endpoint or address"
                list={names}
                value={other}
                onChange={(event) => setOther(event.target.value)}
              />{" "}
              on{" "}
              <input
                aria-label="Service"
                size={9}
                value={traffic}
                onChange={(event) => setTraffic(event.target.value)}
              />
              ?
            </p>
            <datalist id={names}>
              {others
                .filter((one) => one.id !== port.id)
                .map((one) => (
                  <option key={one.id} value={one.name}>
                    {one.network}
                  </option>
                ))}
            </datalist>
          </>
        )}
      </Form>
      {answer !== null && <Answer answer={answer} />}
      {answer !== null && <Remedies answer={answer} port={port} onApplied={() => void send()} />}
    </section>
  );
}

function Answer({ answer }: { answer: Explanation }) {
  const told = [...new Set(answer.verdicts.map((verdict) => verdict.sentences.join(" ")))];
  return (
    <div role="status" className={answer.passes ? "verdict good" : "verdict bad"}>
      {told.map((sentences) => (
        <p key={sentences}>{sentences}</p>
      ))}
    </div>
  );
}
