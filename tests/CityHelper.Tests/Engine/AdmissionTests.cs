using System.Diagnostics.Metrics;
using CityHelper.Engine;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Telemetry;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace CityHelper.Tests.Engine;

/// <summary>Which executions are admitted, queued or refused, in virtual time.</summary>
public sealed class AdmissionTests
{
    private const double DearCost = 400;
    private const double CheapCost = 10;

    private readonly FakeTimeProvider _time = new();
    private readonly AdmissionOptions _options = new() { CheapQueued = 2, DearQueued = 2, QueueMs = 1_000 };

    private static ClientShare Share(string name = "default", int cheap = 4, int dear = 2) => new(name, cheap, dear);

    [Fact]
    public async Task Dear_ones_take_their_permits_then_wait_then_are_refused_and_cheap_ones_do_not_notice()
    {
        using var admission = new AdmissionControl(_options, _time);
        AdmissionLease[] running = [await Admitted(admission, DearCost), await Admitted(admission, DearCost)];
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)>[] waiting = [Ask(admission, DearCost), Ask(admission, DearCost)];
        Assert.All(waiting, task => Assert.False(task.IsCompleted));

        (AdmissionLease? lease, OverloadedError? refusal) = await Ask(admission, DearCost);
        Assert.Null(lease);
        Assert.Equal(("OVERLOADED", 503), (refusal!.Code, refusal.Status));
        Assert.InRange(refusal.RetryAfterSeconds!.Value, 1, 2); // one refused, two admitted

        AdmissionLease[] cheap = [await Admitted(admission, CheapCost), await Admitted(admission, CheapCost)];
        running[0].Dispose();
        AdmissionLease next = (await waiting[0]).Lease!;
        Assert.False(waiting[1].IsCompleted);
        foreach (AdmissionLease ended in cheap.Append(running[1]).Append(next))
        {
            ended.Dispose();
        }

        (await waiting[1]).Lease!.Dispose();
        AssertAllFree(admission, Share());
    }

    [Fact]
    public async Task Who_waits_longer_than_allowed_is_refused_at_that_moment()
    {
        using var admission = new AdmissionControl(_options, _time);
        AdmissionLease[] running = [await Admitted(admission, DearCost), await Admitted(admission, DearCost)];
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)> first = Ask(admission, DearCost);
        _time.Advance(TimeSpan.FromMilliseconds(600));
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)> second = Ask(admission, DearCost);
        _time.Advance(TimeSpan.FromMilliseconds(399));
        Assert.False(first.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.NotNull((await first).Refusal);

        running[0].Dispose();
        (await second).Lease!.Dispose();
        running[1].Dispose();
        AssertAllFree(admission, Share());
    }

    [Fact]
    public async Task Texts_leave_half_of_the_cheap_permits_to_published_operations()
    {
        using var admission = new AdmissionControl(_options, _time);
        AdmissionLease[] texts =
        [
            await Admitted(admission, CheapCost, isPublished: false),
            await Admitted(admission, CheapCost, isPublished: false),
        ];
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)> third = Ask(admission, CheapCost, isPublished: false);
        Assert.False(third.IsCompleted);

        AdmissionLease[] published = [await Admitted(admission, CheapCost), await Admitted(admission, CheapCost)];
        texts[0].Dispose();
        (await third).Lease!.Dispose();
        foreach (AdmissionLease ended in published.Append(texts[1]))
        {
            ended.Dispose();
        }

        AssertAllFree(admission, Share());
    }

    [Fact]
    public async Task What_one_client_does_leaves_the_others_their_permits()
    {
        using var admission = new AdmissionControl(_options, _time);
        AdmissionLease[] running = [await Admitted(admission, DearCost), await Admitted(admission, DearCost)];
        ClientShare civic = Share("civic", cheap: 1, dear: 1);
        AdmissionLease own = await Admitted(admission, DearCost, civic);
        foreach (AdmissionLease ended in running.Append(own))
        {
            ended.Dispose();
        }

        AssertAllFree(admission, Share());
        AssertAllFree(admission, civic);
    }

    /// <summary>An execution takes permits by its cost. One that costs more than all permits are worth runs alone.</summary>
    [Theory]
    [InlineData(750, 4)]
    [InlineData(751, 2)]
    [InlineData(1_501, 1)]
    [InlineData(1_000_000, 1)]
    public async Task A_dearer_execution_takes_more_permits(double cost, int atOnce)
    {
        using var admission = new AdmissionControl(new AdmissionOptions { DearQueued = 0 }, _time);
        ClientShare share = Share(dear: 4);
        var running = new List<AdmissionLease>();
        while ((await Ask(admission, cost, share)).Lease is { } lease)
        {
            running.Add(lease);
        }

        Assert.Equal(atOnce, running.Count);
        running.ForEach(lease => lease.Dispose());
        AssertAllFree(admission, share);
    }

    [Fact]
    public async Task What_adds_up_is_dear_whatever_it_costs()
    {
        using var admission = new AdmissionControl(_options, _time);
        using AdmissionLease lease = (
            await admission.AdmitAsync(new AdmissionRequest(Share(), CheapCost, IsAggregate: true, IsPublished: true), default)).Lease!;
        Assert.Equal((1, 4), (admission.Snapshot(Share()).DearFree, admission.Snapshot(Share()).CheapFree));
    }

    [Fact]
    public void The_more_are_refused_the_later_they_are_asked_to_come_back()
    {
        var advice = new RetryAdvice(_time);
        advice.NoteAdmitted();
        advice.NoteAdmitted();
        Assert.InRange(advice.NoteRefused(), 1, 2);
        for (int i = 0; i < 8; i++)
        {
            advice.NoteRefused();
        }

        Assert.InRange(advice.NoteRefused(), 10, 20);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.InRange(advice.NoteRefused(), 11, 2 * Limits.RetrySecondsMax);
        }

        // Refusals older than two periods no longer count.
        _time.Advance(Limits.RetryPeriod * 2);
        Assert.InRange(advice.NoteRefused(), 2, 4);
    }

    [Fact]
    public async Task Refusals_are_counted_by_client_kind_and_reason()
    {
        var counted = new List<string>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EngineTelemetry.Name && instrument.Name == "cityhelper.admission.refusals")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            string[] values = [.. tags.ToArray().Select(tag => (string)tag.Value!)];
            if (values[0] == "counted")
            {
                counted.Add($"{value} {string.Join(' ', values)}");
            }
        });
        meters.Start();

        using var admission = new AdmissionControl(new AdmissionOptions { CheapQueued = 0, DearQueued = 1, QueueMs = 1_000 }, _time);
        ClientShare share = Share("counted", cheap: 1, dear: 1);
        using AdmissionLease cheap = await Admitted(admission, CheapCost, share);
        using AdmissionLease dear = await Admitted(admission, DearCost, share);
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)> waiting = Ask(admission, DearCost, share);
        Assert.NotNull((await Ask(admission, CheapCost, share)).Refusal);
        Assert.NotNull((await Ask(admission, DearCost, share)).Refusal);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await waiting).Refusal);

        // An operation sent as text passes two queues; each counts its own refusals.
        Assert.NotNull((await Ask(admission, CheapCost, share, isPublished: false)).Refusal);
        ClientShare more = Share("counted", cheap: 2, dear: 1);
        using AdmissionLease text = await Admitted(admission, CheapCost, more, isPublished: false);
        Assert.NotNull((await Ask(admission, CheapCost, more, isPublished: false)).Refusal);
        Assert.Equal(
            [
                "1 counted cheap queue_full",
                "1 counted dear queue_full",
                "1 counted dear queue_time",
                "1 counted cheap queue_full",
                "1 counted text queue_full",
            ],
            counted);
    }

    /// <summary>The wait advised for texts depends on admitted texts only, not on admitted published operations.</summary>
    [Fact]
    public async Task Refused_texts_are_told_to_come_back_by_what_happens_to_texts()
    {
        using var admission = new AdmissionControl(new AdmissionOptions { CheapQueued = 0 }, _time);
        using AdmissionLease first = await Admitted(admission, CheapCost, isPublished: false);
        using AdmissionLease second = await Admitted(admission, CheapCost, isPublished: false);
        for (int i = 0; i < 100; i++)
        {
            (await Admitted(admission, CheapCost)).Dispose();
        }

        int seconds = 0;
        for (int i = 0; i < 10; i++)
        {
            seconds = (await Ask(admission, CheapCost, isPublished: false)).Refusal!.RetryAfterSeconds!.Value;
        }

        Assert.InRange(seconds, 10, 20); // ten refused, two admitted
    }

    /// <summary>In any order of steps, no more executions run than there are permits, and at the end all permits are free.</summary>
    [Property(MaxTest = 300)]
    public bool Permits_are_never_lost((byte Act, byte Number)[] steps) => RunAsync(steps).GetAwaiter().GetResult();

    private static async Task<bool> RunAsync((byte Act, byte Number)[] steps)
    {
        var time = new FakeTimeProvider();
        using var admission = new AdmissionControl(new AdmissionOptions { CheapQueued = 3, DearQueued = 3, QueueMs = 1_000 }, time);
        ClientShare[] shares = [Share(), Share("civic", cheap: 2, dear: 1)];
        double[] costs = [CheapCost, 100, DearCost, 700, 100_000];
        var asked = new List<(Task<(AdmissionLease? Lease, OverloadedError? Refusal)> Answer, CancellationTokenSource Leaving)>();
        foreach ((byte act, byte number) in steps)
        {
            switch (act % 10)
            {
                case < 5:
                    var leaving = new CancellationTokenSource();
                    asked.Add((Ask(admission, costs[number % costs.Length], shares[number % 2], number % 3 > 0, leaving.Token), leaving));
                    break;
                case < 7 when asked.Count > 0 && asked[number % asked.Count].Answer is { IsCompletedSuccessfully: true } answered:
                    // Disposed twice, as `using` does after an explicit end.
                    AdmissionLease? lease = (await answered).Lease;
                    lease?.Dispose();
                    lease?.Dispose();
                    break;
                case 7 when asked.Count > 0:
                    await asked[number % asked.Count].Leaving.CancelAsync();
                    break;
                case 8:
                    time.Advance(TimeSpan.FromMilliseconds(4 * number));
                    break;
            }

            foreach (ClientShare share in shares)
            {
                (long dearFree, long dearQueued, long cheapFree, long cheapQueued, _) = admission.Snapshot(share);
                Assert.True(dearFree >= 0 && cheapFree >= 0 && dearQueued <= 3 && cheapQueued <= 3);
            }
        }

        // Cancel everything that waits, then end what was admitted.
        time.Advance(TimeSpan.FromSeconds(1));
        foreach ((Task<(AdmissionLease? Lease, OverloadedError? Refusal)> answer, CancellationTokenSource leaving) in asked)
        {
            try
            {
                (AdmissionLease? lease, OverloadedError? refusal) = await answer;
                Assert.True(lease is null != refusal is null);
                lease?.Dispose();
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
                // The client left while it waited.
            }

            leaving.Dispose();
        }

        Array.ForEach(shares, share => AssertAllFree(admission, share));
        return true;
    }

    private static Task<(AdmissionLease? Lease, OverloadedError? Refusal)> Ask(
        AdmissionControl admission,
        double cost,
        ClientShare? share = null,
        bool isPublished = true,
        CancellationToken cancellation = default
    ) => admission.AdmitAsync(new AdmissionRequest(share ?? Share(), cost, IsAggregate: false, isPublished), cancellation).AsTask();

    private static async Task<AdmissionLease> Admitted(
        AdmissionControl admission, double cost, ClientShare? share = null, bool isPublished = true)
    {
        Task<(AdmissionLease? Lease, OverloadedError? Refusal)> asked = Ask(admission, cost, share, isPublished);
        Assert.True(asked.IsCompleted, "It waits where it should be admitted.");
        return (await asked).Lease!;
    }

    private static void AssertAllFree(AdmissionControl admission, ClientShare share) =>
        Assert.Equal((share.DearAtOnce, 0, share.CheapAtOnce, 0, share.TextsAtOnce), admission.Snapshot(share));
}
