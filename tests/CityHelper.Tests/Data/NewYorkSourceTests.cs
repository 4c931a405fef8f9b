using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Model;
using Xunit;

namespace CityHelper.Tests.Data;

public sealed class NewYorkSourceTests
{
    private static readonly ImportContext Context = new(
        TimeZoneInfo.FindSystemTimeZoneById(NewYork.Facts.TimeZone), new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));

    [Theory]
    [InlineData("Open", ServiceRequestStatus.Open)]
    [InlineData("Unassigned", ServiceRequestStatus.Open)]
    [InlineData("Unspecified", ServiceRequestStatus.Open)]
    [InlineData("Assigned", ServiceRequestStatus.Assigned)]
    [InlineData("Email Sent", ServiceRequestStatus.Assigned)]
    [InlineData("Started", ServiceRequestStatus.InProgress)]
    [InlineData("In Progress", ServiceRequestStatus.InProgress)]
    [InlineData("in progress", ServiceRequestStatus.InProgress)]
    [InlineData("Pending", ServiceRequestStatus.Pending)]
    [InlineData("Closed", ServiceRequestStatus.Closed)]
    public void Statuses_are_mapped_and_their_words_kept(string text, ServiceRequestStatus expected)
    {
        // The closed date contradicts the status; the import ignores it.
        ImportRow row = Accepted(Map(("Status", text), ("Closed Date", "10/21/18 1:00")));
        Assert.Equal((expected, true, text), (row.Status, row.StatusStated, row.SourceStatus));
    }

    [Theory]
    [InlineData("", ServiceRequestStatus.Open)]
    [InlineData("10/21/18 1:00", ServiceRequestStatus.Closed)]
    public void Without_a_status_the_closed_date_decides(string closed, ServiceRequestStatus expected)
    {
        ImportRow row = Accepted(Map(("Closed Date", closed)));
        Assert.Equal((expected, false), (row.Status, row.StatusStated));
    }

    [Fact]
    public void An_unknown_status_is_reported_and_the_closed_date_decides()
    {
        MappedRecord mapped = Map(("Status", "Teleported"), ("Closed Date", "10/21/18 1:00"));
        Assert.Equal("Teleported", mapped.UnknownStatus);
        Assert.Equal(ServiceRequestStatus.Closed, Accepted(mapped).Status);
    }

    [Fact]
    public void Zero_zero_and_empty_are_no_place()
    {
        Assert.Null(Accepted(Map(("Latitude", "0"), ("Longitude", "0.0"))).Longitude);
        Assert.Null(Accepted(Map(("Latitude", ""), ("Longitude", ""))).Latitude);
        ImportRow there = Accepted(Map(("Latitude", "40.71051893"), ("Longitude", "-73.87862009")));
        Assert.Equal((-73.87862009, 40.71051893), (there.Longitude, there.Latitude));
    }

    [Theory]
    [InlineData("Created Date", "", "Created Date is empty")]
    [InlineData("Created Date", "13/13/18 0:00", "Created Date `13/13/18 0:00` is not a date this source writes")]
    [InlineData("Created Date", "12/31/1999 11:00:00 AM", "Created Date `12/31/1999 11:00:00 AM` is before 2000")]
    [InlineData("Created Date", "2026-11-03T00:00:00.000", "Created Date `2026-11-03T00:00:00.000` is more than a day ahead")]
    [InlineData("Closed Date", "2099-01-01T00:00:00.000", "Closed Date `2099-01-01T00:00:00.000` is more than a day ahead")]
    [InlineData("Unique Key", " ", "Unique Key is empty")]
    [InlineData("Latitude", "north", "Latitude `north` and Longitude `-73.9` are no place on earth")]
    [InlineData("Latitude", "NaN", "Latitude `NaN` and Longitude `-73.9` are no place on earth")]
    [InlineData("Latitude", "91", "Latitude `91` and Longitude `-73.9` are no place on earth")]
    public void A_bad_cell_rejects_the_row_with_its_reason(string column, string cell, string reason) =>
        Assert.Equal(reason, Map(("Latitude", "40.7"), ("Longitude", "-73.9"), (column, cell)).Reason);

    [Fact]
    public void A_cell_that_is_too_long_rejects_the_row() =>
        Assert.Equal("Descriptor has 501 characters, at most 500 are kept", Map(("Descriptor", new string('x', 501))).Reason);

    [Fact]
    public void The_portals_year_1900_is_no_closing_time()
    {
        ImportRow row = Accepted(Map(("Status", "Closed"), ("Closed Date", "01/01/1900 12:00:00 AM")));
        Assert.Equal((ServiceRequestStatus.Closed, null, null), (row.Status, row.ClosedAt, row.ChangedAt));
    }

    [Fact]
    public void The_change_is_the_resolutions_else_the_closing()
    {
        ImportRow both = Accepted(Map(("Closed Date", "10/21/18 1:00"), ("Resolution Action Updated Date", "10/21/18 2:00")));
        ImportRow closed = Accepted(Map(("Closed Date", "10/21/18 1:00"), ("Resolution Action Updated Date", "")));
        Assert.Equal(both.ClosedAt!.Value.AddHours(1), both.ChangedAt);
        Assert.Equal(closed.ClosedAt, closed.ChangedAt);
    }

    [Fact]
    public void The_portals_and_the_apis_header_are_the_same()
    {
        (IRecordMapper? portal, _) = new NewYorkSource().Bind(["Unique Key", "Created Date", "Complaint Type", "Status"], Context);
        (IRecordMapper? api, _) = new NewYorkSource().Bind(["unique_key", "created_date", "complaint_type", "status"], Context);
        Assert.Equal(portal!.PresentColumns.Order(), api!.PresentColumns.Order());
        Assert.Equal(["category_id", "source_status"], api.PresentColumns.Order());
    }

    [Fact]
    public void Another_files_header_is_named_as_such()
    {
        (IRecordMapper? mapper, string? problem) = new NewYorkSource().Bind(["SRNumber", "CreatedDate"], Context);
        Assert.Null(mapper);
        Assert.Equal("this is not New York's 311 export: the header has no column Unique Key, Complaint Type.", problem);
    }

    [Theory]
    [InlineData("HEAT/HOT WATER", "heat-hot-water")]
    [InlineData("Noise - Street/Sidewalk", "noise-street-sidewalk")]
    [InlineData("  DCA / DOH New License  ", "dca-doh-new-license")]
    [InlineData("Investigations and Discipline (IAD)", "investigations-and-discipline-iad")]
    [InlineData("Árbol caído", "árbol-caído")]
    [InlineData("噪音", "噪音")]
    [InlineData("Driver's Complaint -", "drivers-complaint")]
    [InlineData("", "unknown")]
    [InlineData(null, "unknown")]
    [InlineData("***", "unknown")]
    public void A_category_code_is_the_slug_of_the_type(string? type, string code) => Assert.Equal(code, CategoryCode.Of(type));

    private static ImportRow Accepted(MappedRecord mapped)
    {
        Assert.Null(mapped.Reason);
        return mapped.Row!;
    }

    private static MappedRecord Map(params (string Column, string Cell)[] cells)
    {
        var record = new Dictionary<string, string>
        {
            ["Unique Key"] = "1",
            ["Created Date"] = "10/21/18 0:00",
            ["Complaint Type"] = "Noise",
        };
        foreach ((string column, string cell) in cells)
        {
            record[column] = cell;
        }

        (IRecordMapper? mapper, string? problem) = new NewYorkSource().Bind([.. record.Keys], Context);
        Assert.Null(problem);
        return mapper!.Map(new Cells([.. record.Values]));
    }

    private sealed class Cells(string[] cells) : IRecord
    {
        public ReadOnlySpan<char> this[int column] => cells[column];
    }
}
