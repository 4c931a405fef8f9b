using System.Globalization;
using CityHelper.Data.Model;

namespace CityHelper.Data.Import.NewYork;

/// <summary>Makes plausible requests of New York. Row <c>n</c> of a seed is the same however many rows are made.</summary>
public sealed class NewYorkGenerator(int seed, DateTime untilUtc)
{
    private const int Days = 3 * 365;

    /// <summary>One row in this many has the same millisecond as its neighbour.</summary>
    private const int SameMomentEvery = 97;

    private const double WithoutLocationShare = 0.015;

    private const double HotSpotShare = 0.02;

    private static readonly Weighted<RequestType> Types = new(NewYorkCatalogue.Types, type => type.Weight);

    private static readonly Weighted<int> Places = new(
        [.. Enumerable.Range(0, NewYorkCatalogue.Places.Count)], place => NewYorkCatalogue.Places[place].Weight);

    private static readonly Weighted<(string Channel, int Weight)> Channels = new(NewYorkCatalogue.Channels, channel => channel.Weight);

    private readonly DateTime _until = new(untilUtc.Ticks - (untilUtc.Ticks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);

    /// <param name="number">From 0.</param>
    public ImportRow Row(int number)
    {
        var dice = new Dice(seed, number);
        RequestType type = Types.Draw(ref dice);
        DateTime created = number % SameMomentEvery == SameMomentEvery - 1 ? CreatedAt(number - 1) : CreatedAt(number);
        Place place = DrawPlace(ref dice);
        bool located = !dice.Chance(WithoutLocationShare);
        ServiceRequestStatus end = DrawEnd(ref dice);
        ImportedChange[] history = DrawHistory(ref dice, type, created, end);
        ServiceRequestStatus status = history.Length == 0 ? ServiceRequestStatus.Open : history[^1].Status;
        DateTime? closed = IsEnd(status) ? history[^1].At : null;
        return new ImportRow
        {
            ExternalId = string.Create(CultureInfo.InvariantCulture, $"sample-{seed}-{number + 1:D8}"),
            CreatedAt = created,
            TypeName = type.Name,
            AgencyCode = type.Agency,
            AgencyName = NewYorkCatalogue.Agencies[type.Agency],
            Status = status,
            StatusStated = true,
            SourceStatus = SourceText(status),
            Title = type.Details[dice.Below(type.Details.Length)],
            Address = dice.Chance(0.07) ? null : place.Address,
            PostalCode = dice.Chance(0.01) ? null : place.Neighbourhood.Zip,
            District = place.Neighbourhood.Board,
            Channel = Channels.Draw(ref dice).Channel,
            Longitude = located ? place.Longitude : null,
            Latitude = located ? place.Latitude : null,
            ChangedAt = history.Length == 0 ? null : history[^1].At,
            DueAt = created.AddHours(Math.Ceiling(type.Hours * 2)),
            ClosedAt = closed,
            Resolution = closed is null ? null : Resolution(status, type),
            History = history,
        };
    }

    private static bool IsEnd(ServiceRequestStatus status) =>
        status is ServiceRequestStatus.Closed or ServiceRequestStatus.Cancelled or ServiceRequestStatus.Duplicate;

    private static string SourceText(ServiceRequestStatus status) =>
        status == ServiceRequestStatus.InProgress ? "In Progress" : status.ToString();

    private static string Resolution(ServiceRequestStatus status, RequestType type) => status switch
    {
        ServiceRequestStatus.Cancelled => "The request was withdrawn.",
        ServiceRequestStatus.Duplicate => "An earlier request reports the same condition; it is followed there.",
        _ => $"The {NewYorkCatalogue.Agencies[type.Agency]} looked into the condition and took action.",
    };

    private static ServiceRequestStatus DrawEnd(ref Dice dice)
    {
        double share = dice.Share();
        return share < 0.03 ? ServiceRequestStatus.Duplicate
            : share < 0.05 ? ServiceRequestStatus.Cancelled
            // A few stay pending.
            : share < 0.08 ? ServiceRequestStatus.Pending
            : share < 0.10 ? ServiceRequestStatus.Resolved
            : ServiceRequestStatus.Closed;
    }

    private static Place DrawPlace(ref Dice dice)
    {
        if (dice.Chance(HotSpotShare))
        {
            (double longitude, double latitude, int index, string address) =
                NewYorkCatalogue.HotSpots[dice.Below(NewYorkCatalogue.HotSpots.Count)];
            return new(NewYorkCatalogue.Places[index], longitude, latitude, address);
        }

        Neighbourhood neighbourhood = NewYorkCatalogue.Places[Places.Draw(ref dice)];
        string street = neighbourhood.Streets[dice.Below(neighbourhood.Streets.Length)];
        return new(
            neighbourhood,
            Math.Round(neighbourhood.Longitude + (dice.Bell() * neighbourhood.Spread), 6),
            Math.Round(neighbourhood.Latitude + (dice.Bell() * neighbourhood.Spread * 0.8), 6),
            string.Create(CultureInfo.InvariantCulture, $"{1 + dice.Below(2_400)} {street}"));
    }

    /// <summary>The time of day depends on the type, so the type is drawn again from the row's own numbers.</summary>
    private DateTime CreatedAt(int number)
    {
        var typeDice = new Dice(seed, number);
        Rhythm rhythm = Types.Draw(ref typeDice).When;
        // Another random stream than the row's, so that a neighbour can compute this row's time alone.
        var dice = new Dice(~(long)seed, number);
        // The larger of two numbers: somewhat more requests in later years, as in the city.
        double day = dice.Chance(0.2) ? Math.Max(dice.Share(), dice.Share()) : dice.Share();
        double hour = rhythm == Rhythm.Night ? 22 + (dice.Bell() * 3.5) : 13.5 + (dice.Bell() * 4);
        // Hours are New York's, about five behind UTC; daylight saving does not matter for generated times.
        double ms = ((Math.Floor(day * Days) * 24) + hour + 5) * 3_600_000;
        DateTime created = _until.AddDays(-Days - 1).AddMilliseconds(Math.Floor(ms) + dice.Below(1_000));
        return created < _until ? created : _until.AddMilliseconds(-1 - dice.Below(86_400_000));
    }

    /// <summary>The history until the end of the generated time; later changes have not happened yet.</summary>
    private ImportedChange[] DrawHistory(ref Dice dice, RequestType type, DateTime created, ServiceRequestStatus end)
    {
        double total = dice.LongTail(type.Hours);
        var changes = new List<ImportedChange>(4);
        if (dice.Chance(0.7))
        {
            changes.Add(new(After(created, total * 0.1), ServiceRequestStatus.Assigned, null));
        }

        if (dice.Chance(0.5))
        {
            changes.Add(
                new(After(created, total * (0.2 + (dice.Share() * 0.3))), ServiceRequestStatus.InProgress, "A crew is on its way."));
        }

        if (dice.Chance(0.06))
        {
            changes.Add(new(After(created, total * 0.7), ServiceRequestStatus.Pending, "Waits for parts or for access."));
        }

        changes.Add(new(After(created, total), end, end == ServiceRequestStatus.Closed ? "Closed by the agency." : null));
        return [.. changes.Where(change => change.At < _until)];
    }

    private static DateTime After(DateTime start, double hours) => start.AddMilliseconds(1_000 + Math.Floor(hours * 3_600_000));

    private readonly record struct Place(Neighbourhood Neighbourhood, double Longitude, double Latitude, string Address);

    /// <summary>Draws by weight, with one random number and a binary search.</summary>
    private sealed class Weighted<T>
    {
        private readonly IReadOnlyList<T> _items;
        private readonly int[] _ends;

        public Weighted(IReadOnlyList<T> items, Func<T, int> weight)
        {
            _items = items;
            _ends = new int[items.Count];
            int end = 0;
            for (int i = 0; i < items.Count; i++)
            {
                _ends[i] = end += weight(items[i]);
            }
        }

        public T Draw(ref Dice dice)
        {
            int found = Array.BinarySearch(_ends, dice.Below(_ends[^1]));
            // An exact hit is the end of the previous item: an end is not part of its item.
            return _items[found >= 0 ? found + 1 : ~found];
        }
    }
}
