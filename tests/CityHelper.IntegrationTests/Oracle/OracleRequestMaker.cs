using System.Globalization;
using CityHelper.Data.Model;
using CityHelper.IntegrationTests.Serving;
using NetTopologySuite.Geometries;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Requests at the limits of everything: shared milliseconds, equal midnights, points on cells' edges, texts that SQL could misread.
/// </summary>
internal sealed class OracleRequestMaker(Random random)
{
    private const int NycRequests = 1_500;
    private const int SpringfieldRequests = 150;
    private const int Midnights = 40;
    private const int UpdatesMax = 130;

    // Edges of two cells cross near here: tile 19296 of 65536 from the west.
    private static readonly double s_cellEdge = 19_296 / 65_536.0 * 360 - 180;

    private static readonly DateTime s_begin = new(OracleRows.FirstYear, 1, 2, 0, 0, 0, DateTimeKind.Utc);

    private static readonly TimeSpan s_span = TimeSpan.FromDays(OracleRows.Years * 365 - 10);

    private static readonly string[] s_words =
    [
        "", "%", "_", "\\", "'", "\"", "Noise", "noise", "NOISE", "Loud \"music\" 24/7", "it's 100% broken", "a_b", "ab", "C:\\temp\\%x%",
        "🚮🔥", "Straße", "STRASSE", "É", "E\u0301", "line one\nline two", "tab\there", " ", " padded ", "投诉", "\U0001D538\uFF21",
        "o''brien", "null", "{}",
    ];

    private static readonly string[] s_streets =
    [
        "BROADWAY", "Broadway", "5 AVENUE", "O'CONNELL ST", "100% ROAD", "ELM_ST", "Šìrö \\ Lane",
    ];

    private static readonly string[] s_districts = ["MANHATTAN", "BRONX", "Bronx", "STATEN ISLAND", "", "Q_EENS"];

    private static readonly string[] s_channels = ["PHONE", "ONLINE", "MOBILE", "phone"];

    private readonly List<ServiceRequest> _requests = [];

    public IReadOnlyList<ServiceRequest> Make()
    {
        for (int n = 0; n < NycRequests; n++)
        {
            _requests.Add(Request(OracleRows.NycId, n, CreationMs(n)));
        }

        for (int n = 0; n < SpringfieldRequests; n++)
        {
            _requests.Add(Request(OracleRows.SpringfieldId, n, CreationMs(n)));
        }

        // Some of them are gone. Without the dice, so that the other values stay what they are.
        for (int n = 3; n < _requests.Count; n += 4)
        {
            ServiceRequest other = _requests[n * 13 % n];
            _requests[n].DuplicateOf = n % 11 == 0 ? other.Id + 1 : other.CityId == _requests[n].CityId ? other.Id : null;
        }

        return _requests;
    }

    // One in four has the same millisecond as the request before. Half of the others lie in a sixteenth of the time span, so that narrow
    // ranges hold several.
    private DateTime CreationMs(int n)
    {
        if (n > 0 && random.Next(4) == 0)
        {
            return _requests[^1].CreatedAt;
        }

        double place = random.Next(2) == 0 ? random.NextDouble() : 0.5 + random.NextDouble() / 16;
        return s_begin.AddMilliseconds(Math.Floor(place * s_span.TotalMilliseconds));
    }

    private ServiceRequest Request(short city, int n, DateTime created)
    {
        // Every fifth request of Springfield has the same id as one of New York. Other ids of a millisecond do not follow the order of
        // insertion.
        ServiceRequest? twin = city == OracleRows.SpringfieldId && n % 5 == 0 ? _requests[n * 7] : null;
        created = twin?.CreatedAt ?? created;
        var request = new ServiceRequest
        {
            CityId = city,
            Id = twin?.Id ?? (RequestId.Floor(created) | (n % 5 == 1 ? 0 : RequestId.ImportedBit) | (uint)(n * 7919 % 1_048_573)),
            ExternalId = ExternalId(n),
            CategoryId = Category(city, n),
            AgencyId = Agency(city),
            Status = (ServiceRequestStatus)Math.Min(random.Next(8), random.Next(8)),
            SourceStatus = Text(["Open", "Closed", "Email Sent", "open"]),
            Title = Text(s_words),
            Description = Text([.. s_words, string.Join(' ', Enumerable.Repeat("long", 40))]),
            Address = random.Next(8) == 0 ? null : $"{random.Next(60)} {Pick(s_streets)}",
            PostalCode = random.Next(8) == 0 ? null : "00" + (100 + random.Next(30)).ToString(CultureInfo.InvariantCulture),
            District = Text(s_districts),
            Channel = Text(s_channels),
            Location = random.Next(20) == 0 ? null : Location(city),
            CreatedAt = created,
            UpdatedAt = random.Next(3) == 0 ? Near(created) : Midnight(),
            DueAt = random.Next(3) == 0 ? null : Midnight(),
            ClosedAt = random.Next(2) == 0 ? null : Near(created),
            Resolution = Text(["Done.", "done.", "Nothing found", .. s_words]),
        };
        AddUpdates(request);
        return request;
    }

    // The same keys in both cities; some look like patterns.
    private string? ExternalId(int n) => random.Next(10) == 0 ? null : (n % 9) switch
    {
        0 => $"{n}%",
        1 => $"ä_{n}",
        2 => $"a\\{n}'",
        _ => (40_000_000 + n).ToString(CultureInfo.InvariantCulture),
    };

    private static int Category(short city, int n)
    {
        IReadOnlyList<(int Id, int Share)> shares =
            city == OracleRows.NycId ? OracleReferenceRows.NycShares : OracleReferenceRows.SpringfieldShares;
        int place = n * 617 % 1_000;
        foreach ((int id, int share) in shares)
        {
            place -= share;
            if (place < 0)
            {
                return id;
            }
        }

        return shares[0].Id;
    }

    private int? Agency(short city) => random.Next(10) switch
    {
        < 2 => null,
        < 6 => 1,
        < 9 => 2,
        _ => city == OracleRows.NycId ? 4 : 1,
    };

    private DateTime Near(DateTime created) => created.AddMilliseconds(random.NextInt64(30L * 86_400_000));

    private DateTime Midnight() => s_begin.AddDays(random.Next(Midnights) * 30).Date;

    private Point? Location(short city)
    {
        (double x, double y) = city == OracleRows.NycId ? (s_cellEdge, 40.75) : (-89.65, 39.78);
        double longitude = random.Next(8) == 0 ? x : Math.Round(x + (random.NextDouble() - 0.5) * Math.Pow(10, -1 - random.Next(4)), 6);
        double latitude = random.Next(8) == 0 ? y : Math.Round(y + (random.NextDouble() - 0.5) * Math.Pow(10, -1 - random.Next(4)), 6);
        return RequestRows.Point(longitude, latitude);
    }

    private void AddUpdates(ServiceRequest request)
    {
        int count = random.Next(50) switch
        {
            0 => UpdatesMax - random.Next(10),
            < 4 => random.Next(6, 30),
            _ => random.Next(6),
        };

        // Whole minutes after the creation, so that requests of one millisecond have updates of equal ids; some updates share their time.
        DateTime at = request.CreatedAt;
        for (int step = 0; step < count; step++)
        {
            at = random.Next(4) == 0 ? at : at.AddMinutes(random.Next(1, 3));
            request.Updates.Add(new StatusUpdate
            {
                CityId = request.CityId,
                ServiceRequestId = request.Id,
                Id = RequestId.Floor(at) | (uint)step,
                Status = (ServiceRequestStatus)random.Next(8),
                SourceStatus = Text(["Open", "Closed", "open"]),
                Note = Text([$"Step {step}", .. s_words]),
                CreatedAt = at,
            });
        }
    }

    private string? Text(string[] choices) => random.Next(5) == 0 ? null : Pick(choices);

    private string Pick(string[] choices) => choices[random.Next(choices.Length)];
}
