"""The wrong variants: a file, what stands there, what a hasty hand would write instead, and the test that objects."""

from dataclasses import dataclass

PROTOCOL = "tests/protocol/test_protocol.py"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`old` must stand in `file` exactly once; `test` must fail once it is replaced by `new`."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        name="skip on a failed guard",
        file="services/dispatch/handlers.py",
        old="if not plan.write or case in saved.written}",
        new="}",
        test=PROTOCOL,
    ),
    Mutant(
        name="commit before the write",
        file="shared/bus.py",
        old="                await self.runner.run(records)\n                await self._commit(records)\n",
        new="                await self._commit(records)\n                await self.runner.run(records)\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="a reader's state before what it sends",
        file="shared/reader.py",
        old="        await self._publisher.publish(sends)\n"
        "        saved = await self._documents.save(writes, keep=True)\n",
        new="        saved = await self._documents.save(writes, keep=True)\n"
        "        await self._publisher.publish(sends)\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="what was kept is believed where no write follows",
        file="shared/reader.py",
        old=" if case not in kept or c.only_writes()})",
        new="})",
        test="tests/unit/shared/test_reader.py",
    ),
    Mutant(
        name="no wait on revoke",
        file="shared/bus.py",
        old="        self.revoking = True\n        await self.drained()\n",
        new="        self.revoking = True\n",
        test="tests/contract/test_bus.py::test_members_that_join_and_leave_never_share_a_partition",
    ),
    Mutant(
        name="what was gathered counts as read",
        file="shared/bus.py",
        old="            self._take(fresh)\n",
        new="",
        test="tests/contract/test_bus.py::test_what_was_gathered_is_not_known_before_it_is_handled",
    ),
    Mutant(
        name="sends gathered without order",
        file="shared/producer.py",
        old="            *(self._in_order(topic, number, queue) for (topic, number), queue in queues.items()),\n",
        new="            *(self._in_order(t, n, [one]) for (t, n), queue in queues.items() for one in queue),\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="a reader's write without its guard",
        file="shared/reader.py",
        old="        return {case: c for case, c in changes.items() if not c.touched or case in saved.written}\n",
        new="        return changes\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="a guard that MongoDB does not see",
        file="shared/mongo.py",
        old='    change: Document = {"$set": fields, "$inc": {"rev": 1}}\n',
        new='    change: Document = {"$set": {**fields, "rev": write.rev + 1}}\n',
        test="tests/contract/test_documents.py",
    ),
    Mutant(
        name="writes without the server's check",
        file="shared/mongo.py",
        old="            await self._guard()\n",
        new="",
        test="tests/contract/test_guard.py",
    ),
    Mutant(
        name="a refused command that leaves something",
        file="services/dispatch/domain/fold.py",
        old="            _restore(case, before)\n",
        new="",
        test="tests/unit/dispatch/test_handlers.py",
    ),
    Mutant(
        name="a total instead of which",
        file="shared/mongo.py",
        old="            return Saved(await self._marked([write.id for write in writes], token), clashed)\n",
        new="            return Saved(frozenset([write.id for write in writes][:done]), clashed)\n",
        test="tests/contract/test_documents.py",
    ),
    Mutant(
        name="events outside the case's write",
        file="services/dispatch/handlers.py",
        old="        saved = await self._store.cases.save(writes, keep=True)\n",
        new="        await self._publish(plans)\n        saved = await self._store.cases.save(writes, keep=True)\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="a repeat that is not answered again",
        file="services/dispatch/handlers.py",
        old="                plan.repeated.append((known[0], known[1]))\n",
        new="",
        test=PROTOCOL,
    ),
    Mutant(
        name="a replay decides what the first run kept waiting",
        file="services/dispatch/handlers.py",
        old="        return self.offset < case.born and not is_register and SWEPT not in dict(self.record.headers)\n",
        new="        return False\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="an unknown command is dropped",
        file="services/dispatch/handlers.py",
        old="        if rows:\n            await self._store.put_waiting(rows)\n",
        new="",
        test=PROTOCOL,
    ),
    Mutant(
        name="sending resumes behind the failure",
        file="shared/producer.py",
        old="            except BrokerAway:\n                await self._clock.sleep(backoff(attempt))\n"
        "                attempt += 1\n\n\n",
        new="            except BrokerAway:\n                done += 1\n\n\n",
        test=PROTOCOL,
    ),
    Mutant(
        name="drop the spool",
        file="services/intake/accept.py",
        old="        await self._behind(spool, records)\n\n",
        new="        _SPOOL.inc()\n\n",
        test="tests/unit/intake/test_accept.py",
    ),
    Mutant(
        name="past a spool that is not empty",
        file="services/intake/accept.py",
        old="        if not spool.entries:\n",
        new="        if True:\n",
        test="tests/unit/intake/test_accept.py",
    ),
    Mutant(
        name="out of the spool before the broker has it",
        file="services/intake/accept.py",
        old="        try:\n            await self._publisher.publish([record for entry in entries "
        "for record in entry.records()])\n        except",
        new="        await self._spool.delete(entries)\n        try:\n            await self._publisher.publish("
        "[record for entry in entries for record in entry.records()])\n        except",
        test="tests/unit/intake/test_accept.py",
    ),
    Mutant(
        name="past a record whose dead letter was not written",
        file="shared/batches.py",
        old='                log.exception("no dead letter can be written; the partition waits", '
        "origin=origin(record))\n",
        new="                return None\n",
        test="tests/unit/shared/test_bus.py",
    ),
    Mutant(
        name="the timer's rung before its command",
        file="services/sla/timers.py",
        old="        await self._publisher.publish([record_of(topic, one.command) for one in fired])\n",
        new="        await self._store.cases.save(writes)\n"
        "        await self._publisher.publish([record_of(topic, one.command) for one in fired])\n",
        test="tests/unit/sla/test_schedules.py",
    ),
    Mutant(
        name="a late stop hides the breach",
        file="services/sla/domain/schedule.py",
        old="        if due is None or due >= before:\n",
        new="        if True:\n",
        test="tests/unit/sla/test_schedules.py",
    ),
    Mutant(
        name="a new attempt although nobody knows of the last",
        file="services/notify/domain/debts.py",
        old="            return asked and _still_silent(debt, now, limits)\n",
        new="            _failed(debt, now, limits)\n",
        test="tests/unit/notify/test_schedules.py",
    ),
    Mutant(
        name="what is behind a parked event goes past it",
        file="shared/reader.py",
        old="        if change.parked:\n            self._park(change, entry)\n            return\n",
        new="",
        test=PROTOCOL,
    ),
    Mutant(
        name="a transfer's end written before it is told",
        file="services/transfer/sender.py",
        old="        await self._tell(due, state, outcome)\n        now = self._clock.real()\n",
        new="        now = self._clock.real()\n",
        test="tests/unit/transfer/test_schedules.py",
    ),
    Mutant(
        name="a silent partner is sent it again unasked",
        file="services/transfer/domain/outgoing.py",
        old='    known = outcome.kind in ("refused", "not_taken") or (outcome.kind == "away" and not asked)\n',
        new="    known = True\n",
        test="tests/unit/transfer/test_sender.py",
    ),
    Mutant(
        name="a receipt before the log has the register",
        file="services/transfer/reception.py",
        old="            await acknowledged(self._publisher, [self._register(partner, case, body, digest, trace)])\n"
        "            await self._book.change(case, _receipted)\n",
        new="            await self._book.change(case, _receipted)\n"
        "            await acknowledged(self._publisher, [self._register(partner, case, body, digest, trace)])\n",
        test="tests/unit/transfer/test_reception.py",
    ),
    Mutant(
        name="an update does not prove the receipt",
        file="services/transfer/outbox.py",
        old='        return [self.receipted(case, sent), told] if sent.step == "asked" else [told]\n',
        new="        return [told]\n",
        test="tests/unit/transfer/test_reception.py",
    ),
    Mutant(
        name="a nonce is good twice",
        file="services/transfer/signing.py",
        old="        if not await self._nonces.first(",
        new="        if False and not await self._nonces.first(",
        test="tests/unit/transfer/test_signing.py",
    ),
    Mutant(
        name="a case closes while a partner has it",
        file="shared/states.py",
        old="    if facts.transferred:\n",
        new="    if False:\n",
        test="tests/unit/dispatch/test_transfers.py",
    ),
    Mutant(
        name="who joins while a target is asked is not handed on",
        file="services/dispatch/domain/merging.py",
        old='*withdrawn(case, case.current(), "merged"), *_late(case, mine)]',
        new='*withdrawn(case, case.current(), "merged")]',
        test="tests/protocol/test_ties.py",
    ),
    Mutant(
        name="a merged reporter is owed twice after the merge is undone",
        file="services/dispatch/domain/merging.py",
        old='    turn([debt for debt in case.debts if debt.id in event.obligations], "open", "moved")\n',
        new="",
        test="tests/protocol/test_ties.py",
    ),
    Mutant(
        name="two that go into each other wait for ever",
        file="services/dispatch/domain/relays.py",
        old="    if not event.asker:\n",
        new='    if not event.asker or event.verb == "absorb":\n',
        test="tests/protocol/test_ties.py",
    ),
    Mutant(
        name="who is linked after the answer waits for ever",
        file="services/dispatch/domain/relays.py",
        old="    if declared.told != parent.cycle:\n",
        new="    if True:\n",
        test="tests/unit/dispatch/test_event_case.py",
    ),
    Mutant(
        name="a walk that does not wait for the lane",
        file="services/dispatch/walker.py",
        old="        return min(LARGEST, size * 2)\n    return max(SMALLEST, size // 2) if took > LONG_S else size\n",
        new="        return min(LARGEST, size * 2)\n    return size * 2\n",
        test="tests/unit/dispatch/test_event_case.py",
    ),
    Mutant(
        name="a unit answers over the heads of those below it",
        file="services/dispatch/domain/answers.py",
        old="    if open_ones:\n",
        new="    if False:\n",
        test="tests/unit/dispatch/test_orders.py",
    ),
    Mutant(
        name="what was handed down is forgotten by a recall",
        file="services/dispatch/domain/orders.py",
        old="        events += withdrawn(case, case.children(order), reason)\n",
        new="",
        test="tests/unit/dispatch/test_orders.py",
    ),
    Mutant(
        name="a reopened case owes the same reporter twice",
        file="services/dispatch/domain/replies.py",
        old='        again = is_known(debt.reporter.person) and debt.state not in ("open", "leaving")\n',
        new="        again = is_known(debt.reporter.person)\n",
        test="tests/unit/dispatch/test_endings.py",
    ),
)
