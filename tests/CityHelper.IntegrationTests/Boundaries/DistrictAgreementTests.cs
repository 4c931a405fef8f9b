using System.Globalization;
using System.Text.RegularExpressions;
using CityHelper.IntegrationTests.Postgres;
using Xunit;
using Xunit.Abstractions;

namespace CityHelper.IntegrationTests.Boundaries;

/// <summary>New York's requests name their district in words; its polygon must agree.</summary>
public sealed partial class DistrictAgreementTests(PostgresFixture postgres, ITestOutputHelper output) : BoundaryFixture(postgres)
{
    private const double Agreeing = 0.95;

    private static readonly string[] s_boroughs = ["MANHATTAN", "BRONX", "BROOKLYN", "QUEENS", "STATEN ISLAND"];

    [SharedDataTheory]
    [InlineData("nyc-311-full-2018-10.csv.gz")]
    [InlineData("nyc-311-full-dohmh.csv.gz")]
    [InlineData("nyc-311-full-2022-05-01.csv.gz")]
    [InlineData("nyc-311-soda-2025-10-14.csv.gz")]
    public async Task The_district_in_words_is_that_of_the_polygon(string file)
    {
        await ImportAreasAsync(SharedData.PathOf("boundaries", "nyc-community-districts.geojson"), "community-district");
        await ImportAsync(SharedData.PathOf("nyc", file), batchRows: 5_000);
        IReadOnlyList<string> rows = await RowsAsync(
            """
            select coalesce(r.district, '') || '|' || coalesce(string_agg(b.code, ' ' order by b.code), '')
                || '|' || coalesce(round(min(st_distance(named.geometry::geography, r.location::geography)))::text, '')
            from service_request r
            left join boundary b on b.city_id = r.city_id and st_intersects(b.geometry, r.location)
            left join boundary named on named.city_id = r.city_id
                and named.code = array_position(
                    array['MANHATTAN', 'BRONX', 'BROOKLYN', 'QUEENS', 'STATEN ISLAND'],
                    substring(upper(r.district) from 4)) || left(r.district, 2)
            where r.location is not null
            group by r.id, r.district
            """);
        ILookup<string, string> kinds = rows.ToLookup(Kind);
        foreach (IGrouping<string, string> kind in kinds.OrderByDescending(k => k.Count()))
        {
            IEnumerable<string> most = kind.GroupBy(row => row[..row.LastIndexOf('|')])
                .OrderByDescending(g => g.Count())
                .Take(4)
                .Select(g => $"{g.Key} x{g.Count()}");
            output.WriteLine($"{kind.Count(), 6} {kind.Key}{(kind.Key == "agrees" ? "" : $": {string.Join(", ", most)}")}");
        }

        int named = rows.Count - kinds["names no district"].Count();
        double share = (double)kinds["agrees"].Count() / named;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{share:P2} of {named} located requests that name a district agree"));
        Assert.True(named > 800, $"only {named} located requests name a district");
        Assert.True(share > Agreeing, $"only {share:P2} agree");
    }

    private static string Kind(string row)
    {
        string[] parts = row.Split('|');
        if (Code(parts[0]) is not { } code)
        {
            return "names no district";
        }

        string[] found = parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return found.Contains(code) ? "agrees"
            : found.Length == 0 ? "lies in no district"
            : parts[2].Length == 0 ? "names a district that is not in the file"
            : found.Concat([code]).Any(IsJointInterest) ? "park or airport beside a district"
            : int.Parse(parts[2], CultureInfo.InvariantCulture) < 100 ? "another district, within 100 m of the border"
            : "another district";
    }

    // 05 QUEENS is 405.
    private static string? Code(string district) => Named().Match(district.ToUpperInvariant()) is { Success: true } named
        ? (Array.IndexOf(s_boroughs, named.Groups[2].Value) + 1).ToString(CultureInfo.InvariantCulture) + named.Groups[1].Value
        : null;

    private static bool IsJointInterest(string code) => int.Parse(code[1..], CultureInfo.InvariantCulture) > 18;

    [GeneratedRegex("^([0-9]{2}) (MANHATTAN|BRONX|BROOKLYN|QUEENS|STATEN ISLAND)$")]
    private static partial Regex Named();
}
