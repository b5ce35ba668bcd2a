"""The OpenAI SDK for Python, its asyncio client: many answers at once, and clients that leave."""

import asyncio

import openai
import pytest
from answers import chunk
from processes import PATIENCE

MESSAGES = [{"role": "user", "content": "Hi"}]


def with_client(daemon, story):
    """Runs the coroutine that `story(client)` gives, with an end to its patience."""

    async def run():
        async with openai.AsyncOpenAI(
            base_url=f"{daemon.url}/v1", api_key="any", max_retries=0
        ) as client:
            return await asyncio.wait_for(story(client), 2 * PATIENCE)

    return asyncio.run(run())


def create(client, model, **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


async def text_of(stream):
    return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])


def test_a_stream_and_a_whole_answer(daemon, script):
    name = script([{"answer": "Grüß dich, 世界!", "each": "char"}])

    async def story(client):
        streamed = await text_of(await create(client, name, stream=True))
        whole = await create(client, name)
        return streamed, whole.choices[0].message.content

    assert with_client(daemon, story) == ("Grüß dich, 世界!",) * 2


def test_fifty_streams_run_at_once_and_do_not_mix(daemon, model, script, gate):
    count = 50
    names = [
        script([{"text": f"{i} one"}, {"gate": gate}, {"text": f" {i} two"}, {"finish": "stop"},
                {"done": True}])
        for i in range(count)
    ]

    async def story(client):
        streams = await asyncio.gather(*(create(client, name, stream=True) for name in names))
        beginnings = [(await anext(s)).choices[0].delta.content for s in streams]
        # All are open now: none has ended before the last began.
        assert {model.log(name)[0]["outcome"] for name in names} == {"running"}
        await asyncio.to_thread(model.open, gate)
        endings = await asyncio.gather(*map(text_of, streams))
        return [a + b for a, b in zip(beginnings, endings)]

    assert with_client(daemon, story) == [f"{i} one {i} two" for i in range(count)]


def test_the_stream_helper_sees_tool_calls(daemon, script):
    call = {"index": 0, "id": "call_0", "type": "function",
            "function": {"name": "weather", "arguments": ""}}
    fragments = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
                 for piece in ['{"ci', 'ty":', '"Bern"}']]
    name = script([chunk({"role": "assistant", "tool_calls": [call]}), *fragments,
                   chunk(finish="tool_calls"), {"done": True}])

    async def story(client):
        async with client.chat.completions.stream(model=name, messages=MESSAGES) as stream:
            snapshots = [event.arguments async for event in stream
                         if event.type == "tool_calls.function.arguments.delta"]
            return snapshots, await stream.get_final_completion()

    snapshots, answer = with_client(daemon, story)
    assert snapshots[-1] == '{"city":"Bern"}'
    assert answer.choices[0].message.tool_calls[0].function.arguments == '{"city":"Bern"}'


def test_a_client_that_leaves_is_missed_upstream(daemon, model, script, gate):
    name = script([{"text": "one two"}, {"gate": gate}, {"done": True}])

    async def story(client):
        stream = await create(client, name, stream=True)
        assert (await anext(stream)).choices[0].delta.content == "one"
        await stream.close()
        return await asyncio.to_thread(model.wait, name, "gone")

    assert with_client(daemon, story)[0]["outcome"] == "gone"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_task_that_is_cancelled_before_an_answer_is_missed_upstream(
    daemon, model, script, gate, stream
):
    name = script([{"gate": gate}, {"answer": "too late"}])

    async def story(client):
        task = asyncio.create_task(create(client, name, stream=stream))
        await asyncio.to_thread(model.wait, name, "attempt")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(model.wait, name, "gone")

    assert with_client(daemon, story)[0]["bytesSent"] == 0


def test_one_of_two_readers_that_leaves_does_not_end_the_stream(daemon, model, script, gate):
    name = script([{"text": "one two"}, {"gate": gate}, {"text": " three"}, {"finish": "stop"},
                   {"done": True}])

    async def story(client):
        first = await create(client, name, stream=True)
        identifier = first.response.headers["x-stream-id"]
        assert (await anext(first)).choices[0].delta.content == "one"
        second = await client.get(
            f"/streams/{identifier}?format=openai", cast_to=openai.types.chat.ChatCompletionChunk,
            stream=True, stream_cls=openai.AsyncStream[openai.types.chat.ChatCompletionChunk])
        assert (await anext(second)).choices[0].delta.content == "one"
        await first.close()
        await asyncio.to_thread(daemon.wait_for_log, rf"model={name} .*end=clientLeft")
        await asyncio.to_thread(model.open, gate)
        return await text_of(second)

    assert with_client(daemon, story) == " two three"


def test_an_error_in_the_middle_raises_after_what_was_delivered(daemon, script):
    name = script([{"text": "one two"}, {"close": True}])

    async def story(client):
        texts = []
        with pytest.raises(openai.APIError) as caught:
            async for part in await create(client, name, stream=True):
                texts.append(part.choices[0].delta.content)
        return texts, caught.value

    texts, error = with_client(daemon, story)
    assert texts == ["one", " two"]
    assert (type(error), error.code) == (openai.APIError, "upstream_error")
