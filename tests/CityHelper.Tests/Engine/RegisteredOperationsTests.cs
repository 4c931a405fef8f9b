using System.Globalization;
using CityHelper.Engine;
using CityHelper.Engine.Clients;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>A server without a shared store keeps the registered texts itself.</summary>
public sealed class RegisteredOperationsTests : IDisposable
{
    private static readonly ClientProfile s_client = new("app", ClientMode.Registration) { RegistrationsPerDay = int.MaxValue };

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly RegisteredOperations _registered;

    public RegisteredOperationsTests() => _registered = new RegisteredOperations(_time);

    public void Dispose() => _registered.Dispose();

    /// <summary>A registered text is available at once, even when the store is full; the last used ones stay.</summary>
    [Fact]
    public async Task The_latest_texts_stay_and_no_more_of_them_than_allowed()
    {
        string text = new(' ', 20_000);
        int texts = 3 * Limits.RegisteredTextCharsMax / text.Length;
        string Id(int i) => i.ToString(CultureInfo.InvariantCulture);
        for (int i = 0; i < texts; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(await _registered.TryRegisterAsync(s_client, Id(i), text, CancellationToken.None));
            Assert.Equal(text, await _registered.FindAsync(Id(i), CancellationToken.None));
            Assert.Equal(text, await _registered.FindAsync(Id(0), CancellationToken.None));
        }

        int kept = 0;
        for (int i = 0; i < texts; i++)
        {
            kept += await _registered.FindAsync(Id(i), CancellationToken.None) is null ? 0 : 1;
        }

        Assert.InRange(kept, 2, Limits.RegisteredTextCharsMax / text.Length);
    }

    /// <summary>Each text counts once a day, before it is compiled, whatever its result.</summary>
    [Fact]
    public async Task A_quota_counts_each_text_once_a_day()
    {
        ClientProfile client = s_client with { RegistrationsPerDay = 2 };
        ValueTask<bool> Count(string id) => _registered.TryCountAsync(client, id, CancellationToken.None);
        foreach ((string id, bool isCounted) in new[] { ("a", true), ("a", true), ("b", true), ("c", false), ("a", true), ("c", false) })
        {
            Assert.Equal(isCounted, await Count(id));
        }

        Assert.True(await _registered.TryRegisterAsync(client, "b", "{ b }", CancellationToken.None));
        Assert.False(await _registered.TryRegisterAsync(client, "d", "{ d }", CancellationToken.None));
        Assert.True(await _registered.TryCountAsync(client with { Name = "other" }, "c", CancellationToken.None));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(await Count("c"));
    }

    [Fact]
    public async Task A_text_stays_for_a_day_after_it_was_last_used()
    {
        Assert.True(await _registered.TryRegisterAsync(s_client, "a", "{ cities { slug } }", CancellationToken.None));
        for (int i = 0; i < 3; i++)
        {
            _time.Advance(Limits.RegisteredFor - TimeSpan.FromSeconds(1));
            Assert.NotNull(await _registered.FindAsync("a", CancellationToken.None));
        }

        _time.Advance(Limits.RegisteredFor + TimeSpan.FromSeconds(1));
        Assert.Null(await _registered.FindAsync("a", CancellationToken.None));
    }
}
