using System.Text;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Transport.WebSockets;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine.WebSockets;

/// <summary>What counts as a message of graphql-transport-ws.</summary>
public sealed class SocketMessageTests
{
    [Theory]
    [InlineData("""{"type":"connection_init"}""")]
    [InlineData("""{"type":"connection_init","payload":null}""")]
    [InlineData("""{"type":"connection_init","payload":{"apiKey":"k","clientId":null,"other":[1]}}""")]
    [InlineData("""{"type":"ping"}""")]
    [InlineData("""{"type":"ping","payload":{"a":1}}""")]
    [InlineData("""{"type":"pong","payload":null}""")]
    [InlineData("""{"type":"complete","id":"1"}""")]
    [InlineData("""{"type":"complete","id":"1","payload":7}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":"{ a }"}}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":"","id":"abc","operationName":null,"variables":null}}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"variables":{},"extensions":{"persistedQuery":7}}}""")]
    public void It_is_one(string text)
    {
        (SocketMessage? message, SocketClose? wrong) = SocketMessage.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Null(wrong);
        message!.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"type":null}""")]
    [InlineData("""{"type":7}""")]
    [InlineData("""{"type":"next","id":"1"}""")]
    [InlineData("""{"type":"start","id":"1"}""")]
    [InlineData("""{"type":"connection_terminate"}""")]
    [InlineData("""{"type":"connection_ack"}""")]
    [InlineData("""{"type":"connection_init","payload":7}""")]
    [InlineData("""{"type":"connection_init","payload":{"apiKey":7}}""")]
    [InlineData("""{"type":"connection_init","payload":{"clientId":[]}}""")]
    [InlineData("""{"type":"ping","payload":"x"}""")]
    [InlineData("""{"type":"pong","payload":[]}""")]
    [InlineData("""{"type":"complete"}""")]
    [InlineData("""{"type":"complete","id":""}""")]
    [InlineData("""{"type":"subscribe","payload":{"query":"{ a }"}}""")]
    [InlineData("""{"type":"subscribe","id":1,"payload":{"query":"{ a }"}}""")]
    [InlineData("""{"type":"subscribe","id":"1"}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":null}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":"{ a }"}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":7}}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":"{ a }","operationName":7}}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":[]}}""")]
    [InlineData("""{"type":"subscribe","id":"1","payload":{"query":"{ a }","extensions":""}}""")]
    [InlineData("{\"type\":\"complete\",\"id\":\"\\ud800\"}")]
    public void It_is_none_and_ends_the_socket(string text)
    {
        (SocketMessage? message, SocketClose? wrong) = SocketMessage.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Null(message);
        AssertBadRequest(wrong);
    }

    [Fact]
    public void An_id_has_a_length()
    {
        Assert.Null(SocketMessage.Parse(Complete(Limits.SocketIdCharsMax)).Wrong);
        AssertBadRequest(SocketMessage.Parse(Complete(Limits.SocketIdCharsMax + 1)).Wrong);

        static byte[] Complete(int chars) => JsonSerializer.SerializeToUtf8Bytes(new { type = "complete", id = new string('x', chars) });
    }

    [Fact]
    public void Json_is_as_deep_as_over_HTTP()
    {
        AssertBadRequest(SocketMessage.Parse(Ping(Limits.JsonDepthMax)).Wrong);
        Assert.Null(SocketMessage.Parse(Ping(Limits.JsonDepthMax - 2)).Wrong);

        static byte[] Ping(int depth) => Encoding.UTF8.GetBytes(
            $$$"""{"type":"ping","payload":{"a":{{{new string('[', depth)}}}{{{new string(']', depth)}}}}}""");
    }

    [Property(MaxTest = 2_000)]
    public void Any_bytes_are_a_message_or_a_bad_request(byte[] bytes) => AssertParses(bytes);

    /// <summary>Bytes of valid messages that were changed, cut and put together: they come further than random ones.</summary>
    [Property(MaxTest = 5_000)]
    public void Corrupted_messages_are_messages_or_bad_requests(
        NonNegativeInt first, NonNegativeInt second, NonNegativeInt at, byte changed)
    {
        byte[] a = Sample(first.Get);
        byte[] b = Sample(second.Get);
        byte[] mixed = [.. a.AsSpan(0, at.Get % a.Length), changed, .. b.AsSpan(at.Get % b.Length)];
        AssertParses(mixed);
        a[at.Get % a.Length] = changed;
        AssertParses(a);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(200)]
    public void A_reason_fits_its_frame(int characters)
    {
        string text = string.Concat(Enumerable.Repeat("é😀", characters));
        foreach (SocketClose close in new[] { SocketClose.BadRequest(text), SocketClose.IdTaken(text) })
        {
            byte[] utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(close.Reason);
            Assert.InRange(utf8.Length, 1, Limits.CloseReasonBytesMax);
        }
    }

    private static byte[] Sample(int number)
    {
        string[] samples =
        [
            """{"type":"connection_init","payload":{"apiKey":"k","clientId":"é"}}""",
            """{"type":"ping","payload":{"a":[1,true,null,"\u00e9\ud83d\ude00"]}}""",
            """{"type":"complete","id":"1"}""",
            """{"id":"1","type":"subscribe","payload":{"query":"{ a }","variables":{"a":1e9},"extensions":{"persistedQuery":{}}}}""",
        ];
        return Encoding.UTF8.GetBytes(samples[number % samples.Length]);
    }

    private static void AssertParses(byte[] bytes)
    {
        (SocketMessage? message, SocketClose? wrong) = SocketMessage.Parse(bytes);
        Assert.NotEqual(message is null, wrong is null);
        if (message is null)
        {
            AssertBadRequest(wrong);
            return;
        }

        // What is read later throws nothing either.
        SocketText.Pong(message.Payload);
        SocketText.Next(message.Id);
        if (message.Type == SocketMessageType.ConnectionInit)
        {
            SocketClient.Of(message.Payload);
        }

        message.Dispose();
    }

    private static void AssertBadRequest(SocketClose? wrong)
    {
        Assert.Equal(4400, wrong?.Code);
        Assert.InRange(Encoding.UTF8.GetByteCount(wrong!.Reason), 1, Limits.CloseReasonBytesMax);
    }
}
