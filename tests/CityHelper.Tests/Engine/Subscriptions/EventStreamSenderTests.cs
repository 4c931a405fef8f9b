using System.Text;
using CityHelper.Engine;
using CityHelper.Engine.Subscriptions;
using CityHelper.Engine.Transport.Sse;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CityHelper.Tests.Engine.Subscriptions;

/// <summary>What a quiet stream, a stopping server and a reader that takes nothing get, in virtual time.</summary>
public sealed class EventStreamSenderTests : IDisposable
{
    private readonly DispatchedStreams _city = new();
    private readonly DefaultHttpContext _http = new();
    private readonly Lifetime _lifetime = new();
    private readonly EventStreamSender _sender;

    public EventStreamSenderTests()
    {
        _sender = new EventStreamSender(EventStreamOptions.Usual, _city.Time, NullLogger<EventStreamSender>.Instance);
        _http.Features.Set<IHttpRequestLifetimeFeature>(_lifetime);
    }

    public void Dispose()
    {
        _lifetime.Dispose();
        _city.Dispose();
    }

    [Fact]
    public async Task A_quiet_stream_shows_that_it_lives_and_once_a_minute_where_it_is()
    {
        using var body = new Body();
        _http.Response.Body = body;
        using EventStream stream = await _city.OpenAsync(status: "CLOSED");
        Task sending = _sender.SendAsync(_http, stream);
        await body.UntilAsync(text => text.Contains("RESYNC", StringComparison.Ordinal));

        // Nothing of this is for it, but it moves its place on.
        _city.Change(1);
        await _city.DispatchedAsync();
        string place = $"id: {_city.Cursors.Sign(DispatchedStreams.Tenant, new(1, 1))}\n\n";
        int seconds = 0;
        while (!body.Text.Contains(place, StringComparison.Ordinal))
        {
            _city.Time.Advance(TimeSpan.FromSeconds(1));
            seconds++;
            await Task.Delay(1);
        }

        string[] blocks = body.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("retry: ", blocks[0], StringComparison.Ordinal);
        Assert.StartsWith("id: ", blocks[1], StringComparison.Ordinal);
        int comments = blocks.Count(block => block == ":");
        int most = (int)(Limits.CursorInterval / Limits.KeepAliveInterval);
        Assert.InRange(comments, 2, most);
        Assert.True(seconds >= Limits.CursorInterval.TotalSeconds, $"The place came after {seconds} s.");

        stream.End(StreamEnd.ServerStops);
        await sending;
        Assert.True(_lifetime.IsAborted);
        Assert.DoesNotContain("complete", body.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_takes_nothing_for_half_a_minute_is_cut_off()
    {
        using var body = new Body { Takes = false };
        _http.Response.Body = body;
        using EventStream stream = await _city.OpenAsync();
        Task sending = _sender.SendAsync(_http, stream);
        int seconds = 0;
        while (!sending.IsCompleted)
        {
            _city.Time.Advance(TimeSpan.FromSeconds(1));
            seconds++;
            await Task.Delay(1);
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.True(_lifetime.IsAborted);
        Assert.True(seconds >= Limits.StreamTakeTimeMax.TotalSeconds, $"It was cut off after {seconds} s.");
    }

    /// <summary>The connection, which may be aborted.</summary>
    private sealed class Lifetime : IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly CancellationTokenSource _aborted = new();

        public Lifetime() => RequestAborted = _aborted.Token;

        public bool IsAborted => _aborted.IsCancellationRequested;

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => _aborted.Cancel();

        public void Dispose() => _aborted.Dispose();
    }

    /// <summary>The body of a response, as its reader sees it.</summary>
    private sealed class Body : MemoryStream
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _text = new();

        /// <summary>Whether the reader takes what it is sent.</summary>
        public bool Takes { get; init; } = true;

        public string Text
        {
            get
            {
                lock (_gate)
                {
                    return _text.ToString();
                }
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate)
            {
                _text.Append(Encoding.UTF8.GetString(buffer.Span));
            }

            return Takes ? ValueTask.CompletedTask : new ValueTask(Task.Delay(Timeout.Infinite, cancellationToken));
        }

        public async Task UntilAsync(Func<string, bool> isThere)
        {
            while (!isThere(Text))
            {
                await Task.Delay(1);
            }
        }
    }
}
